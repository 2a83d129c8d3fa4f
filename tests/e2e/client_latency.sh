# How long a call takes with a node that is warm: reported, not judged.
. "$(dirname "$0")/lib_talk.sh"
citizen ana Ana
as ana status >/dev/null
in_home ana python3 -B - "$VALISE" <<'PYTHON' || bad "calls work"
import subprocess, sys, time
for words in (["status"], ["contact", "list"], ["read", "--json"], ["send", "--help"]):
    took = []
    for _ in range(20):
        began = time.perf_counter()
        subprocess.run([sys.argv[1], *words], check=True, capture_output=True)
        took.append((time.perf_counter() - began) * 1000)
    took.sort()
    name = " ".join(words)
    print(f"      valise {name}: median {took[10]:.1f} ms, slowest {took[-1]:.1f} ms of 20")
PYTHON
[ "$failed" = 0 ] && ok "twenty calls of each"
