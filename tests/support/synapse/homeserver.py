"""Runs Synapse until standard input closes, so that it never outlives the tests that started it.

Arguments: the folder with homeserver.yaml and own.yaml, which is removed when standard input closes (a stop by signal keeps
it); and by how many seconds the clock is ahead.
"""

import os
import shutil
import sys
import threading
import time


def end_with_the_tests(folder):
    # Not sys.stdin: its lock would be held when Python ends by itself.
    while os.read(0, 1):
        pass
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


folder, ahead = sys.argv[1], float(sys.argv[2])
threading.Thread(target=end_with_the_tests, args=(folder,), daemon=True).start()
sys.argv = ["homeserver", "-c", os.path.join(folder, "homeserver.yaml"), "-c", os.path.join(folder, "own.yaml")]
if ahead:
    true_time = time.time
    time.time = lambda: true_time() + ahead

from synapse.app.homeserver import main  # noqa: E402  (it reads sys.argv)

main()
