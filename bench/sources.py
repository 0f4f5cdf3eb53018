"""What the sources cost, one bench after the other: feeds.py, keywords.py, and a short together.py.

    python bench/sources.py [--texts FILE ...]

Each prints what it measured and what it compared with; `--texts` are real texts for keywords.py. The long form of the
last one is `python bench/together.py --minutes 10`.
"""

import argparse
import subprocess
import sys
from pathlib import Path


def main() -> None:
    read = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    read.add_argument("--texts", nargs="*", default=[])
    texts = read.parse_args().texts
    here = Path(__file__).parent
    for name, given in (("feeds.py", []), ("keywords.py", ["--texts", *texts]), ("together.py", ["--quick"])):
        print(f"\n{name}", flush=True)
        subprocess.run([sys.executable, str(here / name), *given], check=True)


if __name__ == "__main__":
    main()
