"""The rules of the house as data. docs/architecture.md says why; house.py checks them."""

# Who may include whom, by folder; the longest match counts. A folder may always include itself. An entry is a folder of this
# table, a single file, or `folder/*` for all rooms below it.
# `store` and `transport` never see each other, nothing but main includes `server`, the SDK never sees the coordinator.
FOUNDATION = ["protocol/assert.hpp", "protocol/result.hpp"]  # ESCROW_ASSERT and Result know no domain
LAYERS = {
    "protocol": [],
    "protocol/signing": ["protocol"],
    "coordinator/async": FOUNDATION,
    "coordinator/faults": FOUNDATION,  # places for tests; nothing of it in what is shipped
    "coordinator/core": ["protocol"],
    "coordinator/store": ["protocol", "coordinator/core", "coordinator/faults"],
    "coordinator/transport": ["protocol", "coordinator/async", "coordinator/faults"],
    "coordinator/engine": [
        "protocol",
        "protocol/signing",
        "coordinator/core",
        "coordinator/store",
        "coordinator/transport",
        "coordinator/async",
        "coordinator/faults",
    ],
    "coordinator/server": [
        "protocol",
        "protocol/signing",
        "coordinator/core",
        "coordinator/store",
        "coordinator/transport",
        "coordinator/async",
        "coordinator/faults",
        "coordinator/engine",
    ],
    "coordinator": ["protocol", "protocol/signing", "coordinator/*"],  # main.cpp builds every part
    "client-sdk": ["protocol", "protocol/signing"],
    "cli": ["protocol", "client-sdk"],
    "probe": ["protocol", "client-sdk"],
    "examples": [],  # the installed SDK only
    "cmake": [],
    "bench": ["protocol", "coordinator/*", "client-sdk", "tests"],
    "tests": ["protocol", "protocol/signing", "coordinator/*", "client-sdk", "cli", "probe", "bench"],
}

# <escrow/...>, the SDK's public headers, is for these folders only.
SDK_USERS = ("client-sdk", "cli", "probe", "examples", "tests", "bench")

# What a folder's code must not include, itself or through a header of ours; the longest match counts.
NO_THREADS = ["thread", "mutex", "shared_mutex", "condition_variable", "future", "semaphore", "barrier", "latch", "stop_token"]
NO_NETWORK = ["boost/asio", "boost/beast", "openssl/", "sys/socket.h", "netinet/", "poll.h", "sys/epoll.h"]
BANNED_INCLUDES = {
    "protocol": ["boost/asio", "boost/beast", "sqlite3.h", "openssl/"],
    # Cryptography, and nothing that reads a file, a clock or a socket.
    "protocol/signing": NO_THREADS + ["boost/", "sqlite3.h", "openssl/ssl", "openssl/bio", "sys/socket.h", "netinet/", "poll.h", "fstream", "filesystem"],
    "coordinator/core": NO_THREADS + NO_NETWORK + ["atomic", "boost/", "nlohmann/", "sqlite3.h", "fstream", "filesystem"],
    "coordinator/engine/node": NO_THREADS + NO_NETWORK + ["sqlite3.h"],
    "coordinator/store": NO_NETWORK,
    "coordinator/transport": ["sqlite3.h"],
    "coordinator/engine": ["sqlite3.h"],
    "client-sdk/include": ["boost/", "nlohmann/"],
}

# Words that must not stand in a folder's code (comments and strings do not count), as regular expressions.
BANNED_WORDS = {
    "coordinator/core": {r"::now\s*\(": "the clock is the caller's", r"\bstd::(this_)?thread\b": "no threads here"},
    "coordinator/engine/node": {r"::now\s*\(": "the clock is the caller's", r"\bstd::(this_)?thread\b": "no threads here"},
    "tests": {
        r"\bsleep_(for|until)\b|\bu?sleep\s*\(|\bnanosleep\b": "a test waits for what it needs, not for time to pass",
        r"\btime\.sleep\b": "a test waits for what it needs, not for time to pass",
    },
    "coordinator": {r"\bdetached\b": "a TaskGroup owns every spawned task"},
    "client-sdk": {r"\bdetached\b": "a TaskGroup owns every spawned task"},
}

# Words that must not stand anywhere, comments included.
UNFINISHED = r"\b(TODO|FIXME|XXX|HACK)\b"

LONGEST_FILE = 500  # lines
# Longer ones, each with the reason why it is one concept.
LONG_FILES = {"dev": "every habit of the project by one name, a function each"}

# Headers here are listed too, so that each is compiled alone and the SDK's are installed; elsewhere they are private.
LISTED_HEADERS = ["protocol", "client-sdk/include"] + [room for room in LAYERS if room.startswith("coordinator/")]
# Sources that no CMakeLists.txt names, each with the reason.
UNLISTED = {}
