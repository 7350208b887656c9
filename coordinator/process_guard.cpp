#include "coordinator/process_guard.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

namespace escrow {

void guard_process(bool core_dumps) {
  // SQLite gives its write-ahead log the mode of the database.
  ::umask(077);
  if (core_dumps) return;
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

}  // namespace escrow
