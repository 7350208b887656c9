#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

/// What SQLite asks of a file system, and what may go wrong with each of these.
namespace escrow::vfs {

/// One request of SQLite. Unlocking and closing are not among them: SQLite has no use for their answers.
enum class Step : std::uint8_t { open, read, write, truncate, sync, size, remove, exists, lock, shm_map, shm_lock };
inline constexpr std::array all_steps{Step::open,   Step::read,   Step::write, Step::truncate, Step::sync,    Step::size,
                                      Step::remove, Step::exists, Step::lock,  Step::shm_map,  Step::shm_lock};

enum class FileKind : std::uint8_t { database, wal, journal };

enum class Harm : std::uint8_t {
  /// An error, and nothing has happened.
  error,
  /// An error, although it has happened.
  error_but_done,
  /// An error after the first half of a write.
  half_done,
  /// The disk is full; the second leaves the first half of the write.
  full,
  half_full,
  read_only,
  /// The file seems to end in the middle of what is read.
  short_read,
  /// What is read is another page of the file, or the page of another frame.
  misdirected,
  busy,
  no_memory,
  /// A sync fails, and what it should have brought to the disk counts as clean from then on: some of it never gets there.
  forgotten
};
inline constexpr std::size_t harm_count = 11;

/// How long a fault lasts: one request; every later one of the same step; every later request.
enum class Lasting : std::uint8_t { once, this_step, everything };

struct Fault {
  /// The number of the request, from 1, since the disk was armed.
  std::int64_t at = 1;
  Harm harm = Harm::error;
  Lasting lasting = Lasting::once;
};

/// What may happen to a step; the first one is always a plain refusal. `misdirected` is not among them: no store survives it in general.
[[nodiscard]] std::span<const Harm> harms_of(Step step);
/// What SQLite is told then.
[[nodiscard]] int code_of(Step step, Harm harm);

[[nodiscard]] std::string_view name_of(Step step);
[[nodiscard]] std::string_view name_of(FileKind kind);
[[nodiscard]] std::string_view name_of(Harm harm);
[[nodiscard]] std::string_view name_of(Lasting lasting);

}  // namespace escrow::vfs
