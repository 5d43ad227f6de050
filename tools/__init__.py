"""What is run beside the house: lists, checks, pictures. Each module says at its head how it is called."""
