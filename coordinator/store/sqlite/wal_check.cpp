#include "coordinator/store/sqlite/wal_check.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <istream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The format: https://www.sqlite.org/fileformat2.html, section 4.
namespace escrow::store::sqlite {
namespace {

constexpr std::size_t header_size = 32;
constexpr std::size_t frame_header_size = 24;
/// What a disk writes as a whole, at least.
constexpr std::size_t sector_size = 512;

std::uint32_t big_endian(std::string_view bytes, std::size_t at) {
  std::uint32_t number = 0;
  for (const char byte : bytes.substr(at, 4)) number = (number << 8U) | static_cast<unsigned char>(byte);
  return number;
}

/// The running checksum of a WAL; each frame's goes on from that of the frame before.
class WalChecksum {
 public:
  explicit WalChecksum(bool is_big_endian) : is_big_endian_(is_big_endian) {}
  /// That which a frame says it has.
  WalChecksum(bool is_big_endian, std::string_view frame)
      : is_big_endian_(is_big_endian), first_(big_endian(frame, 16)), second_(big_endian(frame, 20)) {}

  /// Whether a frame follows the one that this is the checksum of.
  [[nodiscard]] bool leads_to(std::string_view frame) const {
    WalChecksum next = *this;
    next.add(frame.substr(0, 8));
    next.add(frame.substr(frame_header_size));
    return next.equals(frame, 16);
  }

  void add(std::string_view bytes) {
    for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
      first_ += word(bytes, at) + second_;
      second_ += word(bytes, at + 4) + first_;
    }
  }
  [[nodiscard]] bool equals(std::string_view bytes, std::size_t at) const {
    return first_ == big_endian(bytes, at) && second_ == big_endian(bytes, at + 4);
  }

 private:
  [[nodiscard]] std::uint32_t word(std::string_view bytes, std::size_t at) const {
    const std::uint32_t number = big_endian(bytes, at);
    return is_big_endian_ ? number : __builtin_bswap32(number);
  }

  bool is_big_endian_;
  std::uint32_t first_ = 0;
  std::uint32_t second_ = 0;
};

/// Whether a header that does not hold is that of the frames behind it: it bears their salts, or would hold with them. A header is on disk
/// before any frame of its log is written, and lies in one sector, so a power failure leaves the one before, the new one, or anything but
/// this. SQLite would take a log without a header for an empty one.
bool is_header_of_frames(std::string_view header, std::istream& wal) {
  std::array<char, frame_header_size> bytes{};
  if (!wal.read(bytes.data(), frame_header_size)) return false;
  const std::string_view salts = std::string_view(bytes.data(), frame_header_size).substr(8, 8);
  const auto holds = [](const std::string& candidate) {
    WalChecksum checksum((big_endian(candidate, 0) & 1U) != 0);
    checksum.add(std::string_view(candidate).substr(0, 24));
    return checksum.equals(candidate, 24);
  };
  if (header.substr(16, 8) == salts) return true;
  std::string mended(header);
  mended.replace(16, 8, salts);
  return holds(mended);
}

}  // namespace

WalContent look_into_wal(std::istream& wal) {
  WalContent content;
  std::array<char, header_size> header_bytes{};
  if (!wal.read(header_bytes.data(), header_size)) return content;
  const std::string_view header(header_bytes.data(), header_size);
  const std::uint32_t magic = big_endian(header, 0);
  const std::uint32_t page_size = big_endian(header, 8);
  WalChecksum checksum((magic & 1U) != 0);
  checksum.add(header.substr(0, 24));
  if ((magic & ~1U) != 0x377F0682 || page_size < 512 || page_size > 65'536 || !checksum.equals(header, 24)) {
    content.is_damaged_inside = is_header_of_frames(header, wal);
    content.has_lost_header = content.is_damaged_inside;
    return content;
  }

  const bool is_big_endian = (magic & 1U) != 0;
  bool is_broken = false;
  // Of the broken frame and those behind it, as far as each follows the one before it: what is said to be its checksum, and for the broken
  // one also what it comes to.
  std::optional<WalChecksum> told;
  std::optional<WalChecksum> computed;
  int commits_in_a_row = 0;
  int commits_behind = 0;
  std::int64_t frames = 0;
  std::string first_bytes;
  std::size_t begin = header_size;
  std::vector<char> frame_bytes(frame_header_size + page_size);
  for (; commits_behind < 2 && wal.read(frame_bytes.data(), static_cast<std::streamsize>(frame_bytes.size()));
       begin += frame_bytes.size()) {
    const std::string_view frame(frame_bytes.data(), frame_bytes.size());
    // Frames of this log bear its salts; others are left from the one before, which has been checkpointed.
    const bool is_ours = frame.substr(8, 8) == header.substr(16, 8);
    const bool is_commit = big_endian(frame, 4) != 0;
    if (!is_broken) {
      checksum.add(frame.substr(0, 8));
      checksum.add(frame.substr(frame_header_size));
      is_broken = !is_ours || !checksum.equals(frame, 16);
      if (is_broken) computed = checksum;
    } else {
      // What does not follow is left from a commit that failed and has been overwritten in part: it belongs to no row.
      if (!told->leads_to(frame) && !(computed && computed->leads_to(frame))) commits_in_a_row = 0;
      computed.reset();
    }
    if (is_broken) {
      told.emplace(is_big_endian, frame);
      // Where a sector ends between a frame's mark of a commit and its salts, the two need not be of one write: such a mark proves nothing.
      const bool is_split = begin % sector_size == sector_size - 8;
      if (is_ours && is_commit && !is_split) ++commits_in_a_row;
      commits_behind = std::max(commits_behind, commits_in_a_row);
      continue;
    }
    ++frames;
    if (big_endian(frame, 0) == 1) first_bytes = frame.substr(frame_header_size, database_header_size);
    if (!is_commit) continue;
    content.first_bytes = first_bytes;
    content.committed_frames = frames;
  }
  content.is_damaged_inside = commits_behind >= 2;
  return content;
}

bool is_carried_over(std::istream& wal, std::istream& database) {
  std::array<char, header_size> header{};
  wal.clear();
  wal.seekg(0);
  if (!wal.read(header.data(), header_size)) return false;
  const std::uint32_t page_size = big_endian(std::string_view(header.data(), header_size), 8);
  if (page_size < 512 || page_size > 65'536) return false;
  const bool is_big_endian = (big_endian(std::string_view(header.data(), header_size), 0) & 1U) != 0;
  // The newest frame of each page, up to the last commit; the salts of the first frame are those of all.
  std::map<std::uint32_t, std::string> committed;
  std::map<std::uint32_t, std::string> since;
  std::string salts;
  std::uint32_t pages = 0;
  std::optional<WalChecksum> before;
  bool is_behind = false;
  int commits_in_a_row = 0;
  std::string frame(frame_header_size + page_size, '\0');
  while (wal.read(frame.data(), static_cast<std::streamsize>(frame.size()))) {
    if (salts.empty()) salts = frame.substr(8, 8);
    if (frame.compare(8, 8, salts) != 0) break;
    // What does not follow is left from a commit that failed and has been overwritten in part. Two commits in a row there are none such.
    const bool follows = !before || before->leads_to(frame);
    before.emplace(is_big_endian, frame);
    is_behind = is_behind || !follows;
    if (is_behind) {
      if (!follows) commits_in_a_row = 0;
      if (big_endian(frame, 4) != 0 && ++commits_in_a_row == 2) return false;
      continue;
    }
    since[big_endian(frame, 0)] = frame.substr(frame_header_size);
    if (big_endian(frame, 4) == 0) continue;
    pages = big_endian(frame, 4);
    for (auto& [page, bytes] : since) committed[page] = std::move(bytes);
    since.clear();
  }
  std::string page_bytes(page_size, '\0');
  for (const auto& [page, bytes] : committed) {
    // The database has become shorter since.
    if (page > pages) continue;
    database.clear();
    database.seekg(static_cast<std::streamoff>(page - 1) * page_size);
    if (page == 0 || !database.read(page_bytes.data(), page_size) || page_bytes != bytes) return false;
  }
  return !committed.empty();
}

}  // namespace escrow::store::sqlite
