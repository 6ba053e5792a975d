"""`python -m ensemble_switchover`: runs one design, or with --multirun a sweep of them."""

from ensemble_switchover.app import main

if __name__ == "__main__":
    main()
