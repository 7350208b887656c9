#include "tests/fault-injection/vfs/disk.hpp"

#include <algorithm>
#include <utility>

#include "tests/fault-injection/sim/random.hpp"

namespace escrow::vfs {
namespace {

FileKind kind_of(std::string_view name) {
  if (name.ends_with("-wal")) return FileKind::wal;
  if (name.ends_with("-journal")) return FileKind::journal;
  return FileKind::database;
}

}  // namespace

void Disk::start(const Image& image, std::uint64_t seed, Character character) {
  end_process();
  files_.clear();
  trace_ = {};
  for (const auto& [file, bytes] : image) add(file)->bytes = bytes;
  character_ = character;
  seed_ = seed;
  drawn_ = 0;
  clock_ms_ = 0;
  fault_.reset();
  lists_ = false;
  requests_.clear();
  // The salts of a write-ahead log come from SQLite's own generator, one for the whole process.
  const int nonzero = static_cast<int>(sim::mixed(seed) >> 33U) | 1;
  sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, nonzero, nullptr);
}

void Disk::end_process() {
  ++life_;
  // New objects with the same bytes: what the old process holds, it holds alone.
  for (auto& file : files_) {
    auto again = std::make_shared<File>();
    again->name = file->name;
    again->kind = file->kind;
    again->index = file->index;
    again->bytes = std::move(file->bytes);
    file = std::move(again);
  }
}

Image Disk::seen() const {
  Image image;
  for (const auto& file : files_) image[file->name] = file->bytes;
  return image;
}

void Disk::arm(const Fault& fault) {
  fault_ = fault;
  struck_ = 0;
  struck_step_.reset();
  count_ = 0;
}

void Disk::count_requests() {
  count_ = 0;
  lists_ = true;
  requests_.clear();
}

void Disk::mark(std::int64_t number) { trace_.happened.push_back({Happened::What::mark, 0, number, {}}); }

std::shared_ptr<Disk::File> Disk::find(std::string_view name) const {
  const auto found = std::ranges::find_if(files_, [&](const auto& file) { return file->name == name; });
  return found == files_.end() ? nullptr : *found;
}

std::shared_ptr<Disk::File> Disk::add(std::string_view name) {
  auto file = std::make_shared<File>();
  file->name = name;
  file->kind = kind_of(name);
  const auto known = std::ranges::find(trace_.names, name);
  file->index = static_cast<std::uint32_t>(known - trace_.names.begin());
  if (known == trace_.names.end()) trace_.names.emplace_back(name);
  files_.push_back(file);
  return file;
}

std::optional<Harm> Disk::strike(Step step, FileKind kind) {
  ++clock_ms_;
  // Only a read can be of another place.
  const bool is_spared = fault_ && fault_->harm == Harm::misdirected && step != Step::read;
  if (sheltered_ || is_spared) return std::nullopt;
  ++count_;
  if (lists_) requests_.push_back({step, kind});
  if (!fault_ || count_ < fault_->at) return std::nullopt;
  Harm harm = fault_->harm;
  if (count_ == fault_->at) {
    struck_step_ = step;
    struck_at_ = trace_.happened.size();
  } else {
    if (fault_->lasting == Lasting::once) return std::nullopt;
    if (step != struck_step_) {
      if (fault_->lasting == Lasting::this_step) return std::nullopt;
      harm = Harm::error;
    }
  }
  ++struck_;
  return harm;
}

void Disk::record(Happened::What what, const File& file, std::int64_t number, std::string bytes) {
  trace_.happened.push_back({what, file.index, number, std::move(bytes)});
}

std::size_t Disk::elsewhere(const File& file, std::size_t from) {
  constexpr std::size_t page = 8'192;
  // The header of a write-ahead log, and that of each of its frames.
  const std::size_t before = file.kind == FileKind::wal ? 32 : 0;
  const std::size_t stride = file.kind == FileKind::wal ? page + 24 : page;
  if (from < before || file.bytes.size() < before + 2 * stride) return from;
  const std::size_t count = (file.bytes.size() - before) / stride;
  const std::size_t here = (from - before) / stride;
  const std::size_t there = (here + 1 + sim::mixed(seed_, ++drawn_) % (count - 1)) % count;
  return before + there * stride + (from - before) % stride;
}

bool Disk::ignores_sync(const File& file) const { return file.kind == FileKind::wal ? !character_.syncs_wal : !character_.syncs_database; }

}  // namespace escrow::vfs
