#include "coordinator/store/sqlite/inspection.hpp"

#include <array>
#include <cstdint>
#include <string_view>

#include "coordinator/store/sqlite/database.hpp"
#include "coordinator/store/sqlite/refusal.hpp"
#include "coordinator/store/sqlite/wal_check.hpp"

namespace escrow::store::sqlite {
namespace {

constexpr std::size_t header_size = 100;

std::uint32_t big_endian(std::string_view bytes) {
  std::uint32_t number = 0;
  for (const char byte : bytes.substr(0, 4)) number = (number << 8U) | static_cast<unsigned char>(byte);
  return number;
}

}  // namespace

Result<void> inspect(const std::string& path, std::istream& database, std::istream& wal) {
  std::array<char, header_size> header{};
  database.read(header.data(), header.size());
  const std::string_view bytes(header.data(), static_cast<std::size_t>(database.gcount()));
  const bool has_wal = wal.peek() != std::istream::traits_type::eof();
  if (bytes.empty()) {
    if (has_wal) return damaged(path, "is empty, but there is a write-ahead log beside it: it has been cut off");
    return {};
  }
  if (bytes.size() < header_size || !bytes.starts_with(std::string_view("SQLite format 3\0", 16))) {
    return refusal(LogErrc::not_a_log, path,
                   "is no SQLite database, or its beginning is damaged; name another path with --store sqlite:PATH, or put a backup back");
  }
  if (has_wal && is_damaged_inside(wal)) {
    return damaged(path, "has a write-ahead log that is damaged in the middle: opening it would lose acknowledged transactions");
  }
  const std::uint32_t id = big_endian(bytes.substr(68));
  if (id != 0 && id != application_id) return foreign(path);
  if (id == 0 && !has_wal && big_endian(bytes.substr(28)) > 1) return foreign(path);
  return {};
}

}  // namespace escrow::store::sqlite
