"""Runs Synapse until standard input closes, so that it never outlives the tests that started it.

Arguments: the folder with homeserver.yaml, which is removed when standard input closes (a stop by signal keeps it).
"""

import os
import shutil
import sys
import threading


def end_with_the_tests(folder):
    # Not sys.stdin: its lock would be held when Python ends by itself.
    while os.read(0, 1):
        pass
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


folder = sys.argv[1]
threading.Thread(target=end_with_the_tests, args=(folder,), daemon=True).start()
sys.argv = ["homeserver", "-c", os.path.join(folder, "homeserver.yaml")]

from synapse.app.homeserver import main  # noqa: E402  (it reads sys.argv)

main()
