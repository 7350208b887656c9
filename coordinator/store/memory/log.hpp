#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "coordinator/store/log.hpp"

/// A log of standard containers, for unit tests and the simulator: the same contract without a disk, and a "disk" that can outlive the log
/// or be copied, so that a crash is a matter of opening it again.
namespace escrow::store {

/// What a memory log remembers. Safe to share between one log and any number of readers on other threads.
class MemoryDisk;

/// An empty disk; `store_id` is what the logs on it will answer.
[[nodiscard]] std::shared_ptr<MemoryDisk> make_memory_disk(std::string store_id);
/// Everything that is on `disk` now.
[[nodiscard]] std::shared_ptr<MemoryDisk> copy_of(const MemoryDisk& disk);

/// A new run on what is on the disk. `is_durable` is false. Transactions are encoded and decoded as for SQLite: what cannot be stored there
/// cannot be stored here.
[[nodiscard]] std::unique_ptr<Log> open_memory_log(std::shared_ptr<MemoryDisk> disk);

}  // namespace escrow::store
