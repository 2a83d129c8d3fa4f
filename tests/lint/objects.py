"""objects.py BUILD: what the built rooms of lib/ and proto/ ask of the system. The node is a pure
function of its inputs: no clock, socket, file, environment or entropy, and no state outside its
structs."""

import re
import subprocess
import sys
from pathlib import Path

# What the tools themselves add.
OF_THE_TOOLS = re.compile(
    r"^(__(asan|ubsan|tsan|sanitizer|odr_asan|gcov|llvm|start|stop|sancov)"
    r"|_GLOBAL_OFFSET_TABLE_|__stack_chk_fail|asan\.|tsan\.|sancov\.|__unnamed_\d+$)")

# Plain computation of the C library.
PURE = set("""
    memchr memcmp memcpy memmem memmove mempcpy memrchr memset explicit_bzero bcmp
    strchr strchrnul strcmp strcspn strlen strncmp strnlen strpbrk strrchr strspn strstr
    strcasecmp strncasecmp strdup strndup strtoul strtoull strtol strtoll
    htonl htons ntohl ntohs qsort bsearch snprintf vsnprintf
    calloc malloc realloc reallocarray free aligned_alloc abort
""".split())

# libsodium that computes from its arguments alone.
SODIUM = re.compile(
    r"^(crypto_hash_sha256.*|crypto_hash_sha512.*|crypto_auth_hmacsha256.*"
    r"|crypto_generichash(_blake2b)?(_init|_update|_final)?(_salt_personal)?"
    r"|crypto_aead_\w+_(encrypt|decrypt)(_detached)?|crypto_core_h(chacha|salsa)20"
    r"|crypto_stream_\w*(chacha|salsa)20(_ietf)?(_xor|_xor_ic)?"
    r"|crypto_scalarmult(_curve25519)?(_base)?|crypto_core_ed25519_is_valid_point"
    r"|crypto_sign(_ed25519)?_(seed_keypair|detached|verify_detached)"
    r"|crypto_sign_ed25519_sk_to_(pk|seed)|crypto_onetimeauth\w*|crypto_verify_(16|32|64)"
    r"|crypto_pwhash(_argon2id?)?|crypto_shorthash\w*"
    r"|sodium_(memzero|memcmp|compare|is_zero|increment|add|malloc|allocarray|free)"
    r"|sodium_(mlock|munlock|mprotect_\w+|pad|unpad))$")

# libsodium that draws randomness of its own: the seeded generator of crypto/rng is the only one.
# Named apart from "unknown", so that the message says what is wrong.
DRAWS = re.compile(
    r"^(randombytes.*|\w+_keygen|crypto_(sign|sign_ed25519|kx|kem|box|box_\w+)_keypair"
    r"|crypto_box.*|crypto_secretstream_\w+_init_push|crypto_core_\w+_random|crypto_pwhash_\w*str.*"
    r"|sqlite3_randomness)$")

# (room, object, symbol): the exceptions, each with its reason.
NAMED = [
    ("base", r"assert\.c\.o", r"stderr|fprintf|fwrite|fputs"),   # last words before abort
    ("base", r"buf\.c\.o", r"stderr|fprintf|fwrite|fputs"),      # likewise, out of memory
    ("base", r".*", r"utf8proc_\w+"),
    ("proto", r".*", r"msgpack_\w+"),
    ("crypto", r"kdf\.c\.o", r"sodium_init"),                    # picks the fastest code
    ("store", r".*", r"sqlite3_\w+"),                            # SQLite counts as computation
]

# (room, symbol): file-level variables that may change. None.
MUTABLE = []


def room_of(archive):
    return Path(archive).stem.removeprefix("libvalise_")


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def undefined(archive):
    """(room, object, symbol) of everything an archive asks others for."""
    for line in run("nm", "-A", "-u", archive).splitlines():
        where, symbol = line.rsplit(" ", 1)
        yield room_of(archive), where.split(":")[-2], symbol.split("@")[0]


def defined(archive):
    """(room, object, symbol) of everything an archive offers."""
    for line in run("nm", "-A", "-g", "--defined-only", archive).splitlines():
        where, symbol = line.rsplit(" ", 1)
        yield room_of(archive), where.split(":")[-2], symbol


def variables(archive):
    """(room, object, symbol) of everything in a section that can be written."""
    current = ""
    for line in run("objdump", "-t", archive).splitlines():
        if "file format" in line:
            current = line.split(":")[0]
        match = re.match(r"^[0-9a-f]+ .{7} (\S+)\t[0-9a-f]+ (?:\.hidden )?(\S+)$", line)
        if not match:
            continue
        section, symbol = match.groups()
        if re.match(r"^(\.data(?!\.rel\.ro)|\.bss|\.tdata|\.tbss|\*COM\*)", section):
            if not symbol.startswith("."):
                yield room_of(archive), current, symbol


def core_is_pure(undefined_symbols):
    for room, member, symbol in undefined_symbols:
        unchecked = re.sub(r"^__(\w+)_chk$", r"\1", symbol)
        if symbol.startswith("vls_") or OF_THE_TOOLS.match(symbol) or unchecked in PURE:
            continue
        if DRAWS.match(symbol):
            yield f"{room}/{member}: {symbol} draws randomness of its own"
        elif any(room == r and re.fullmatch(m, member) and re.fullmatch(s, unchecked)
                 for r, m, s in NAMED):
            continue
        elif SODIUM.match(symbol):
            if room not in ("crypto", "citizen", "store"):
                yield f"{room}/{member}: {symbol}: libsodium is called by crypto, citizen, store"
        else:
            yield f"{room}/{member}: {symbol} is not known to be pure"


def nothing_global_changes(writable_symbols):
    for room, member, symbol in writable_symbols:
        if not OF_THE_TOOLS.match(symbol) and (room, symbol) not in MUTABLE:
            yield f"{room}/{member}: {symbol} is a variable outside every struct"


def names_say_whose_they_are(defined_symbols):
    for room, member, symbol in defined_symbols:
        if not symbol.startswith("vls_") and not OF_THE_TOOLS.match(symbol):
            yield f"{room}/{member}: {symbol} does not begin with vls_"


RULES = [(core_is_pure, undefined), (nothing_global_changes, variables),
         (names_say_whose_they_are, defined)]


def findings_of(archives):
    for rule, source in RULES:
        for archive in archives:
            for finding in rule(list(source(str(archive)))):
                yield f"{finding}  [{rule.__name__}]"


def main(build):
    archives = sorted(Path(build).glob("lib/libvalise_*.a"))
    archives += sorted(Path(build).glob("proto/libvalise_*.a"))
    if len(archives) < 3:
        print(f"{build}: build the rooms first")
        return 1
    findings = list(findings_of(archives))
    for finding in findings:
        print(finding)
    print(f"objects: {len(RULES)} rules, {len(archives)} rooms, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
