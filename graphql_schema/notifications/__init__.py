"""What people are told of while they are away."""
