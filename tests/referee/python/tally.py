"""What every referee counts, and how it ends."""


class Tally:
    """Checks that held, and those that did not."""

    def __init__(self):
        self.passed, self.failed = 0, 0

    def check(self, what, holds):
        """Counts one check; what did not hold is printed."""
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"failed: {what}")

    def close(self):
        """Prints the closing line that peel-verify reads; gives the exit code."""
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed else 0
