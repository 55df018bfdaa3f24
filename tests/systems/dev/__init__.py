"""The rows of the system of organizations and code, as tests."""
