"""Try each lab's solution on ten seeds, and as on other processors: `make labs`."""

import subprocess
import sys

from tools.checks import matrix

TESTS = ("-m", "pytest", "-q", "tests/package/exercises/test_labs.py", "-n", "2")


def run(guise: str, **more: str) -> bool:
    """Run the labs under a guise; say whether they passed, or could not be run."""
    variables = matrix.variables(guise)
    if subprocess.run([sys.executable, *matrix.TRIAL], env=variables).returncode:
        print(f"{guise}: not possible on this processor", flush=True)
        return True
    print(guise, flush=True)
    return not subprocess.run([sys.executable, *TESTS], env=variables | more).returncode


if __name__ == "__main__":
    passed = [run("as is", ALL_SEEDS="1"), *map(run, list(matrix.GUISES)[2:])]
    sys.exit(not all(passed))
