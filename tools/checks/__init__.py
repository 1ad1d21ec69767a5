"""The phases of the test, and checks for other processors and for Colab."""
