# What is shipped is linked so that a defect in memory is harder to use: docs/security.md says what each part is for, and
# tests/house/hardened.py reads it back from the programs. Not with sanitizers, which watch the same places and know more.

option(ESCROW_HARDENING "Harden the programs against the use of defects in memory" ON)
if(ESCROW_HARDENING AND NOT ESCROW_SANITIZE)
  # Position-independent programs, so that addresses differ from start to start; the linker must be told, too.
  include(CheckPIESupported)
  check_pie_supported()
  # Tables of addresses are filled in at the start and read-only from then on; no stack is executable.
  add_link_options(LINKER:-z,relro LINKER:-z,now LINKER:-z,noexecstack)
endif()
