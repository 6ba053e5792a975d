"""The sources of data sets; a new file in this folder is found by its constant, such as `CIFAR10`."""
