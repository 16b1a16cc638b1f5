"""A batch on other processes or machines: the driver hands out recordings, nodes write results."""
