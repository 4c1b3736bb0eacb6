"""A release to look at: six repositories, services and a registry, made on the spot and all of them real."""
