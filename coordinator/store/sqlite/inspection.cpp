#include "coordinator/store/sqlite/inspection.hpp"

#include <array>
#include <cstdint>
#include <string_view>

#include "coordinator/store/sqlite/database.hpp"
#include "coordinator/store/sqlite/refusal.hpp"
#include "coordinator/store/sqlite/wal_check.hpp"

namespace escrow::store::sqlite {
namespace {

std::uint32_t big_endian(std::string_view bytes) {
  std::uint32_t number = 0;
  for (const char byte : bytes.substr(0, 4)) number = (number << 8U) | static_cast<unsigned char>(byte);
  return number;
}

/// Whether a rollback journal says that the database was empty before: then power failed while it was being made, its first page may be
/// anything, and SQLite makes it empty again.
bool was_being_made(std::istream& journal) {
  constexpr std::string_view magic("\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", 8);
  std::array<char, 20> header{};
  journal.read(header.data(), header.size());
  const std::string_view bytes(header.data(), static_cast<std::size_t>(journal.gcount()));
  return bytes.size() == header.size() && bytes.starts_with(magic) && big_endian(bytes.substr(16)) == 0;
}

}  // namespace

Result<std::int64_t> inspect(const std::string& path, std::istream& database, std::istream& wal, std::istream& journal) {
  std::string header(database_header_size, '\0');
  database.read(header.data(), database_header_size);
  header.resize(static_cast<std::size_t>(database.gcount()));
  const bool has_wal = wal.peek() != std::istream::traits_type::eof();
  if (header.empty()) {
    if (has_wal) return damaged(path, "is empty, but there is a write-ahead log beside it: it has been cut off");
    return 0;
  }
  const WalContent log = has_wal ? look_into_wal(wal) : WalContent();
  if (header.size() == database_header_size && !log.first_bytes.empty()) header = log.first_bytes;
  if (header.size() < database_header_size || !header.starts_with(std::string_view("SQLite format 3\0", 16))) {
    if (was_being_made(journal)) return 0;
    return refusal(LogErrc::not_a_log, path,
                   "is no SQLite database, or its beginning is damaged; name another path with --store sqlite:PATH, or put a backup back");
  }
  // Of a next log that could not be begun there may be half a header, time and again; all of this one is in the database then.
  if (log.is_damaged_inside && !(log.has_lost_header && is_carried_over(wal, database))) {
    return damaged(path, "has a write-ahead log that is damaged in the middle: opening it would lose acknowledged transactions");
  }
  const std::uint32_t id = big_endian(std::string_view(header).substr(68));
  if (id != 0 && id != application_id) return foreign(path);
  if (id == 0 && !has_wal && big_endian(std::string_view(header).substr(28)) > 1) return foreign(path);
  return log.committed_frames;
}

}  // namespace escrow::store::sqlite
