"""factc compiles jobs of shell commands into plans, and runs them."""
