#pragma once

#include <sys/types.h>

#include <cstdint>
#include <ctime>
#include <functional>
#include <list>
#include <string>
#include <vector>

#include "coordinator/server/log.hpp"
#include "protocol/result.hpp"

/// Files that are read again while the coordinator runs: tokens, certificates, secrets. What a file turns into is its owner's business;
/// here is only when it is read.
namespace escrow::server {

/// How a file looked: another one in its place, another time or another size is another file. Symbolic links are followed, so that a
/// directory swapped by a link (as Kubernetes does) is seen, too.
struct FileStamp {
  dev_t device = 0;
  ino_t node = 0;
  off_t size = -1;
  timespec modified{};
  timespec changed{};

  /// One that can't be looked at has a stamp of its own.
  [[nodiscard]] static FileStamp of(const std::string& path);
  /// Nobody has written to it for a second.
  [[nodiscard]] bool is_settled() const;
  [[nodiscard]] bool operator==(const FileStamp& other) const;
};

/// Something that was made from files and can be made again. The functions must live as long as the list; everything runs on the thread
/// that calls.
struct Reloadable {
  /// The setting that names the file: `auth.tokens_file`. It stands in the log.
  std::string key;
  /// The files as they are named now; asked again after each reading, since a file may name further ones.
  std::function<std::vector<std::string>()> files;
  /// Reads them and puts what they say into effect, all of it or nothing. An error leaves everything as it was; its text holds no secret.
  std::function<Result<void, Error>()> read;
};

class Reloads {
 public:
  explicit Reloads(Logger& logger) : logger_(logger) {}

  /// Reads it for the first time and watches its files from then on. An error: at a start it is the end, with exit status 2 and the key.
  [[nodiscard]] Result<void, Error> add(Reloadable reloadable);

  /// Reads again what looks different from the last time, whether that one went well or not, once nobody has written to any of its files
  /// for a second. An error is logged and counted, and the old state stays.
  void look();
  /// SIGHUP: reads everything again, however it looks.
  void read_all();

  [[nodiscard]] bool empty() const { return watched_.empty(); }
  /// Readings since the start that took effect, and that did not.
  [[nodiscard]] std::uint64_t succeeded() const { return succeeded_; }
  [[nodiscard]] std::uint64_t failed() const { return failed_; }

 private:
  struct File {
    std::string path;
    FileStamp stamp;
  };
  struct Watched {
    Reloadable what;
    std::vector<File> files;
  };

  static std::vector<File> stamped(const Reloadable& what);
  static Result<void, Error> read_and_stamp(Watched& watched);
  void read_again(Watched& watched);

  Logger& logger_;
  std::list<Watched> watched_;
  std::uint64_t succeeded_ = 0;
  std::uint64_t failed_ = 0;
};

}  // namespace escrow::server
