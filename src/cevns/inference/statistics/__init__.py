"""How a channel is compared with its data: Poisson, Gaussian, unbinned. One statistic a file."""
