#pragma once

namespace escrow {

/// What the process leaves behind: files that it makes are for its owner alone, and unless `core_dumps` neither a core dump nor another
/// process of the same user can show what is in its memory (payloads, secrets, keys). Before anything secret is read. A failure changes
/// nothing else.
void guard_process(bool core_dumps);

}  // namespace escrow
