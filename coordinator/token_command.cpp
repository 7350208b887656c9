#include "coordinator/token_command.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "coordinator/daemon.hpp"
#include "coordinator/server/auth/token.hpp"
#include "coordinator/server/auth/tokens_file.hpp"
#include "coordinator/server/reload/guarded_file.hpp"

namespace escrow {
namespace {

using server::auth::TokenFaults;

int refuse(std::string_view what) {
  std::fputs(fmt::format("escrowd token: {}\n", what).c_str(), stderr);
  return exit_config;
}

std::string last_error() { return std::generic_category().message(errno); }

/// The first line of standard input.
std::string given_token() {
  std::string line;
  std::getline(std::cin, line);
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
  return line;
}

/// Writes everything, to the disk.
bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fsync(descriptor) == 0;
}

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
}

/// Nobody else appends to a file of this directory while it lives: of two at once, one would drop what the other has just added.
class Turn {
 public:
  explicit Turn(const std::string& directory) : descriptor_(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    while (descriptor_ >= 0 && ::flock(descriptor_, LOCK_EX) != 0) {
      if (errno == EINTR) continue;
      ::close(std::exchange(descriptor_, -1));
    }
  }
  ~Turn() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  [[nodiscard]] bool has_come() const { return descriptor_ >= 0; }
  /// What was renamed in it is on the disk.
  [[nodiscard]] bool sync() const { return ::fsync(descriptor_) == 0; }

 private:
  int descriptor_;
};

/// Puts a new file in the place of the old one, so that no reader sees half of it; mode and owner stay, a new one is for its owner alone.
/// Only in one's turn. Answers what went wrong.
std::optional<std::string> put_in_place(const std::string& path, std::string_view text) {
  const std::string fresh = path + ".new";
  struct stat old{};
  const bool is_there = ::stat(path.c_str(), &old) == 0;
  // Whoever left one behind was killed: in our turn nobody writes it.
  ::unlink(fresh.c_str());
  const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return fmt::format("{} can't be made: {}", fresh, last_error());
  std::optional<std::string> wrong;
  if (is_there && (::fchown(file, old.st_uid, old.st_gid) != 0 || ::fchmod(file, old.st_mode & 0777U) != 0)) {
    wrong = fmt::format("{} can't be given owner and mode of {}: {}", fresh, path, last_error());
  } else if (!write_all(file, text)) {
    wrong = fmt::format("{} can't be written: {}", fresh, last_error());
  }
  ::close(file);
  if (!wrong && ::rename(fresh.c_str(), path.c_str()) != 0) wrong = fmt::format("{} can't be replaced: {}", path, last_error());
  if (wrong) ::unlink(fresh.c_str());
  return wrong;
}

std::optional<std::string> append(const std::string& named, const std::string& entry) {
  // A link stays a link, to a file that has changed.
  std::error_code not_there;
  const std::filesystem::path resolved = std::filesystem::weakly_canonical(named, not_there);
  const std::string path = not_there ? named : resolved.string();
  const Turn turn(directory_of(path));
  if (!turn.has_come()) return fmt::format("{} can't be opened: {}", directory_of(path), last_error());
  std::string text;
  if (::access(path.c_str(), F_OK) == 0) {
    auto read = server::read_guarded_file(path, server::Guard::nobody_writes);
    if (!read) return read.error().detail;
    text = std::move(read->text);
    if (!text.empty() && text.back() != '\n') text.push_back('\n');
  }
  text += entry;
  if (const auto parsed = server::auth::parse_tokens_file(text); !parsed)
    return fmt::format("{}, with the new entry: {}", path, fmt::join(parsed.error(), "; "));
  if (auto wrong = put_in_place(path, text)) return wrong;
  if (!turn.sync()) return fmt::format("{} can't be written: {}", directory_of(path), last_error());
  return std::nullopt;
}

}  // namespace

TokenCommand::TokenCommand(CLI::App& app) : command_(app.add_subcommand("token", "make a token for a principal, or hash one")) {
  command_->add_option("--name", name_, "whom the history names");
  command_->add_option("--role", roles_, "read, initiate, operate or admin; each includes those before it");
  command_->add_option("--expires-at", expires_at_, "from when on it lets nobody in, such as 2027-01-31T00:00:00Z");
  command_->add_option("--certificate", certificate_,
                       "name in a client certificate that the token needs beside it: NAME, dns:NAME, uri:URI or cn:COMMON NAME");
  command_->add_option("--append", append_, "the file of auth.tokens_file that the entry is put into; only the token is printed");
  command_->add_flag("--hash", hash_, "take the token from standard input instead of making one");
}

int TokenCommand::run() const {
  const std::string token = hash_ ? given_token() : server::auth::make_token();
  if (!server::auth::is_token(token)) return refuse("a token has 32 to 512 characters of A-Z a-z 0-9 - . _ ~ + / and = at its end");
  const std::string hash = server::auth::to_text(server::auth::hash_of(token));
  if (name_.empty() && roles_.empty() && append_.empty()) {
    // Somebody else writes the entry.
    if (!hash_) std::puts(token.c_str());
    std::puts(hash.c_str());
    return exit_clean;
  }
  std::string entry = fmt::format("- name: {}\n  roles: [{}]\n  hash: {}\n", name_, fmt::join(roles_, ", "), hash);
  if (!expires_at_.empty()) entry += fmt::format("  expires_at: {}\n", expires_at_);
  if (!certificate_.empty()) entry += fmt::format("  certificate: \"{}\"\n", certificate_);
  if (const auto parsed = server::auth::parse_tokens_file(entry); !parsed)
    return refuse(fmt::format("{}", fmt::join(parsed.error(), "; ")));
  if (!append_.empty()) {
    if (const auto wrong = append(append_, entry)) return refuse(*wrong);
  }
  if (!hash_) std::puts(token.c_str());
  if (append_.empty()) std::fputs(entry.c_str(), stdout);
  return exit_clean;
}

}  // namespace escrow
