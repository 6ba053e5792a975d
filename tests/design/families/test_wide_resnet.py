"""Wide ResNet, against Zagoruyko & Komodakis 2016, Table 1."""

from ensemble_switchover.design import ImageTask, make_family


def test_only_the_entry_of_a_stage_that_widens_is_projected():
    family, task = make_family("wide_resnet", {}), ImageTask(3, 32, 10)
    # 16 channels of the stem are those of the first stage at a widening factor of 1
    narrow = family.parameters(10, 1, task)
    convolutions = 9 * (3 * 16 + 2 * 16 * 16 + 16 * 32 + 32 * 32 + 32 * 64 + 64 * 64)
    projections = 16 * 32 + 32 * 64
    norms = 2 * (16 + 16 + 16 + 32 + 32 + 64 + 64)
    assert narrow == convolutions + projections + norms + 64 * 10 + 10
