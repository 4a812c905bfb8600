"""What a network is: descriptions of its layers, its parameters, its program, and the two engines that run it."""
