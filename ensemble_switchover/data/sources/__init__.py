"""The sources of data sets; a new file here is found by its constant, such as `CIFAR10`."""
