"""Where images come from: a new file in this folder is found by its constant, such as `CIFAR10`."""
