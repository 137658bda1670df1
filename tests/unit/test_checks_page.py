import subprocess
import sys
from pathlib import Path

RUN = Path(__file__).parents[2] / "benchmarks" / "truth" / "run.py"


def test_the_checks_page_is_what_the_results_make_and_says_of_each_table_whether_it_is_stale():
    done = subprocess.run([sys.executable, str(RUN), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
