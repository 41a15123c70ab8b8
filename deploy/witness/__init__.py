"""For the body that supervises 监督机关: what it runs and checks by itself, without trusting whoever operates the system."""
