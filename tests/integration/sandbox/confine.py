"""Confines a child as a systemd unit says, with the kernel's own means: no root, no capabilities, a filter of system calls, nothing but one
directory to write in. `Confinement(unit text).start(command, directory)`.
"""
import ctypes
import errno
import os
import platform
import re
import struct
import subprocess

NOBODY = 65534
LIBC = ctypes.CDLL(None, use_errno=True)
PR_CAPBSET_READ, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP = 23, 24, 38, 22
LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446
# Writing, removing, making, linking across directories, truncating.
LANDLOCK_WRITING = 1 << 1 | sum(1 << bit for bit in range(4, 15))
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10}
ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000


def settings(unit, name):
    """Every value of a setting, in the order of the file."""
    return re.findall(rf"^{name}=(.*)$", unit, re.M)


def names_of(group):
    """The system calls of a group as this machine's systemd knows it."""
    listed = subprocess.run(["systemd-analyze", "syscall-filter", group], check=True, capture_output=True, text=True).stdout
    names = set()
    for word in re.findall(r"^\s+([@\w-]+)$", listed, re.M):
        names |= names_of(word) if word.startswith("@") else {word}
    return names


def numbers():
    defined = subprocess.run(["gcc", "-E", "-dM", "-"], input="#include <sys/syscall.h>\n", check=True, capture_output=True, text=True).stdout
    return {name: int(number) for name, number in re.findall(r"^#define __NR_(\w+) (\d+)$", defined, re.M)}


def allowed_calls(unit):
    """SystemCallFilter: the first line says what may be done, a line with `~` takes away from it."""
    allowed = names_of("@default")
    for line in settings(unit, "SystemCallFilter"):
        names = set()
        for word in line.removeprefix("~").split():
            names |= names_of(word) if word.startswith("@") else {word}
        allowed = allowed - names if line.startswith("~") else allowed | names
    return allowed


def seccomp_program(unit):
    """What is not in the filter kills: in the unit it is an error, which a program may hide."""
    known = numbers()

    def instruction(code, jump_true, jump_false, value):
        return struct.pack("<HBBI", code, jump_true, jump_false, value)

    load, equal, masked, bits, answer = 0x20, 0x15, 0x54, 0x45, 0x06
    program = [instruction(load, 0, 0, 4), instruction(equal, 1, 0, ARCHITECTURES[platform.machine()]), instruction(answer, 0, 0, KILL),
               instruction(load, 0, 0, 0)]
    if settings(unit, "MemoryDenyWriteExecute") == ["yes"]:  # PROT_WRITE 2, PROT_EXEC 4; the third argument
        program += [instruction(equal, 0, 5, known["mmap"]), instruction(load, 0, 0, 32), instruction(masked, 0, 0, 6),
                    instruction(equal, 0, 1, 6), instruction(answer, 0, 0, KILL), instruction(answer, 0, 0, ALLOW)]
        for name in ("mprotect", "pkey_mprotect"):
            program += [instruction(equal, 0, 4, known[name]), instruction(load, 0, 0, 32), instruction(bits, 0, 1, 4),
                        instruction(answer, 0, 0, KILL), instruction(answer, 0, 0, ALLOW)]
    families = [FAMILIES[name] for name in settings(unit, "RestrictAddressFamilies")[0].split()]
    program += [instruction(equal, 0, 2 + 2 * len(families), known["socket"]), instruction(load, 0, 0, 16)]
    for family in families:
        program += [instruction(equal, 0, 1, family), instruction(answer, 0, 0, ALLOW)]
    program += [instruction(answer, 0, 0, ERRNO | errno.EAFNOSUPPORT)]
    for name in sorted(allowed_calls(unit)):
        if name in known:
            program += [instruction(equal, 0, 1, known[name]), instruction(answer, 0, 0, ALLOW)]
    program += [instruction(answer, 0, 0, KILL)]
    return b"".join(program), len(program)


class Confinement:
    def __init__(self, unit):
        assert settings(unit, "NoNewPrivileges") == ["yes"] and settings(unit, "CapabilityBoundingSet") == [""]
        assert settings(unit, "ProtectSystem") == ["strict"] and settings(unit, "DynamicUser") == ["yes"]
        self.program, self.length = seccomp_program(unit)
        self.is_root = os.geteuid() == 0
        self.has_landlock = LIBC.syscall(LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), 1) >= 2

    def start(self, command, directory, **more):
        """`directory` is the only place where the child may write; it is given to it."""
        if self.is_root:
            os.chown(directory, NOBODY, NOBODY)

        def check(result):
            if result != 0:
                os.write(2, f"the sandbox can't be built: {os.strerror(ctypes.get_errno())}\n".encode())
                os._exit(99)

        def landlock():
            rules = ctypes.create_string_buffer(struct.pack("<Q", LANDLOCK_WRITING))
            ruleset = LIBC.syscall(LANDLOCK_CREATE_RULESET, rules, ctypes.c_size_t(8), 0)
            for path, rights in ((directory, LANDLOCK_WRITING), ("/dev/null", 1 << 1)):
                place = os.open(path, os.O_PATH | os.O_CLOEXEC)
                rule = ctypes.create_string_buffer(struct.pack("<Qi", rights, place))
                check(LIBC.syscall(LANDLOCK_ADD_RULE, ruleset, 1, rule, 0))
            check(LIBC.syscall(LANDLOCK_RESTRICT_SELF, ruleset, 0))

        def confine():
            if self.is_root:
                capability = 0
                while LIBC.prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0:
                    check(LIBC.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0))
                    capability += 1
                os.setgroups([])
                os.setresgid(NOBODY, NOBODY, NOBODY)
                os.setresuid(NOBODY, NOBODY, NOBODY)
            os.umask(0o077)
            check(LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
            if self.has_landlock:
                landlock()
            code = ctypes.create_string_buffer(self.program)
            header = ctypes.create_string_buffer(struct.pack("<HxxxxxxQ", self.length, ctypes.addressof(code)))
            check(LIBC.prctl(PR_SET_SECCOMP, 2, header, 0, 0))

        return subprocess.Popen(command, preexec_fn=confine, cwd=directory, **more)
