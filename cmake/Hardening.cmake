# What is shipped is compiled and linked so that a defect in memory is harder to use: docs/security.md says what each part is for, and
# tests/house/hardened.py reads it back from the programs. Not with sanitizers, which watch the same places and know more.

option(ESCROW_HARDENING "Harden the programs against the use of defects in memory" ON)
if(ESCROW_HARDENING AND NOT ESCROW_SANITIZE)
  # Position-independent programs, so that addresses differ from start to start; the linker must be told, too.
  include(CheckPIESupported)
  check_pie_supported()
  # Tables of addresses are filled in at the start and read-only from then on; no stack is executable.
  add_link_options(LINKER:-z,relro LINKER:-z,now LINKER:-z,noexecstack)

  set(hardening -fstack-protector-strong -fstack-clash-protection -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
    list(APPEND hardening -fcf-protection=full)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
    list(APPEND hardening -mbranch-protection=standard)
  endif()
  # _FORTIFY_SOURCE needs an optimising compiler.
  add_compile_options("$<$<CONFIG:Release,RelWithDebInfo,MinSizeRel>:${hardening}>")
endif()
