"""Runs a program and prints its memory and CPU time when it ends, as src/peak-memory.ts does for Node."""
import json
import resource
import subprocess
import sys

code = subprocess.call(sys.argv[1:])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
figures = {"peakMegabytes": used.ru_maxrss * 1024 / 1e6, "cpuSeconds": used.ru_utime + used.ru_stime}
print("\n#measured " + json.dumps(figures), file=sys.stderr)
sys.exit(code)
