#include <filesystem>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/unit/client-sdk/participant/bank.hpp"
#include "tests/unit/client-sdk/participant/calls.hpp"

namespace escrow {
namespace {

using test::Bank;
using test::call_of;

constexpr auto succeeded = Outcome::Kind::succeeded;

/// What a SIGKILL would leave: a copy of the database's files before every statement and after the last one.
class CrashImages {
 public:
  explicit CrashImages(const test::TemporaryFolder& folder) : folder_(folder) {}

  std::string take() {
    const std::string image = folder_.file("image-" + std::to_string(images_.size()) + ".db");
    for (const std::string suffix : {"", "-wal", "-journal"}) {
      const std::string from = folder_.file("bank.db") + suffix;
      if (std::filesystem::exists(from)) std::filesystem::copy_file(from, image + suffix);
    }
    images_.push_back(image);
    return image;
  }

  void watch(sqlite3* db) {
    sqlite3_trace_v2(
        db, SQLITE_TRACE_STMT,
        [](unsigned, void* self, void*, void*) {
          static_cast<CrashImages*>(self)->take();
          return 0;
        },
        this);
  }

  [[nodiscard]] const std::vector<std::string>& all() const { return images_; }

 private:
  const test::TemporaryFolder& folder_;
  std::vector<std::string> images_;
};

std::vector<std::string> crash_images_of(const test::TemporaryFolder& folder, CrashImages& images, const std::string& journal_mode,
                                         const std::vector<Operation>& before, Operation operation) {
  const Bank bank(folder.file("bank.db"), nullptr, journal_mode);
  for (const Operation earlier : before) REQUIRE(bank.perform(call_of(earlier)).kind() == succeeded);
  images.watch(bank.db());
  REQUIRE(bank.perform(call_of(operation)).kind() == succeeded);
  sqlite3_trace_v2(bank.db(), 0, nullptr, nullptr);
  images.take();
  return images.all();
}

/// A VFS whose xDelete does its work and then says that it failed: the commit of a rollback journal is such a delete, so COMMIT
/// reports an error although the transaction is durable.
class LateErrorVfs {
 public:
  LateErrorVfs() {
    vfs_ = *sqlite3_vfs_find(nullptr);
    vfs_.zName = "late-error";
    vfs_.pNext = nullptr;
    vfs_.xDelete = [](sqlite3_vfs*, const char* name, int sync) {
      sqlite3_vfs* real = sqlite3_vfs_find(nullptr);
      const int code = real->xDelete(real, name, sync);
      return failing ? SQLITE_IOERR_DELETE : code;
    };
    sqlite3_vfs_register(&vfs_, 0);
  }
  ~LateErrorVfs() { sqlite3_vfs_unregister(&vfs_); }
  LateErrorVfs(const LateErrorVfs&) = delete;
  LateErrorVfs& operator=(const LateErrorVfs&) = delete;

  static inline bool failing = false;

 private:
  sqlite3_vfs vfs_;
};

}  // namespace

TEST_CASE("G01 and G02 a forward killed at any statement happens once when repeated, and can be undone", "[sdk][barrier][crash]") {
  for (const std::string journal_mode : {"wal", "delete"}) {
    const test::TemporaryFolder folder;
    CrashImages images(folder);
    const auto crashed = crash_images_of(folder, images, journal_mode, {}, Operation::try_);
    REQUIRE(crashed.size() >= 6);
    bool lost = false;
    bool kept = false;
    for (const auto& image : crashed) {
      Bank restarted(image);
      CHECK(restarted.taken() == restarted.rows());
      (restarted.rows() == 0 ? lost : kept) = true;
      CHECK(restarted.perform(call_of(Operation::try_)) == Outcome::succeeded("{\"n\":1}"));
      CHECK(restarted.taken() == 1);
      CHECK(restarted.perform(call_of(Operation::cancel)).kind() == succeeded);
      CHECK(restarted.taken() == 0);
    }
    CHECK(lost);
    CHECK(kept);
  }
}

TEST_CASE("G01 the undo of a forward killed at any statement leaves nothing taken, and bars the forward", "[sdk][barrier][crash]") {
  const test::TemporaryFolder folder;
  CrashImages images(folder);
  for (const auto& image : crash_images_of(folder, images, "wal", {}, Operation::action)) {
    const Bank restarted(image);
    CHECK(restarted.perform(call_of(Operation::compensate)).kind() == succeeded);
    CHECK(restarted.taken() == 0);
    (void)restarted.perform(call_of(Operation::action));
    CHECK(restarted.taken() == 0);
  }
}

TEST_CASE("G03 a confirm, cancel or compensate killed at any statement happens once when repeated", "[sdk][barrier][crash]") {
  struct Case {
    Operation forward;
    Operation second;
  };
  for (const auto [forward, second] : {Case{Operation::try_, Operation::confirm}, Case{Operation::try_, Operation::cancel},
                                       Case{Operation::action, Operation::compensate}}) {
    const test::TemporaryFolder folder;
    CrashImages images(folder);
    for (const auto& image : crash_images_of(folder, images, "wal", {forward}, second)) {
      const Bank restarted(image);
      CHECK(restarted.perform(call_of(second)).kind() == succeeded);
      CHECK(restarted.perform(call_of(second)).kind() == succeeded);
      CHECK(restarted.taken() == (second == Operation::confirm ? 1 : 0));
      CHECK(restarted.confirmed() == (second == Operation::confirm ? 100 : 0));
    }
  }
}

TEST_CASE("G04 a commit that says it failed and did not is answered by what the row says", "[sdk][barrier][crash]") {
  const LateErrorVfs vfs;
  for (const Outcome& says : {Outcome::succeeded("1"), Outcome::refused("sold out")}) {
    const test::TemporaryFolder folder;
    const Bank bank(folder.file("bank.db"), "late-error", "delete");
    const auto answer = sqlite::Barrier(bank.db()).run(call_of(Operation::action), [&](const std::string&) {
      bank.change(Operation::action);
      LateErrorVfs::failing = true;
      return says;
    });
    LateErrorVfs::failing = false;
    const Bank reopened(folder.file("bank.db"), nullptr, "delete");
    if (reopened.rows() == 1) {
      CHECK(answer == says);
    } else {
      CHECK(answer.kind() == Outcome::Kind::unavailable);
    }
    CHECK(reopened.taken() == (reopened.rows() == 1 && says.kind() == succeeded ? 1 : 0));
    CHECK(reopened.rows() == 1);  // else this test would not show what it is for
  }
}

TEST_CASE("G04 a commit that failed and did not happen is unavailable, and the repeat does it", "[sdk][barrier][crash]") {
  const Bank bank(":memory:");
  bool refuse = true;
  sqlite3_commit_hook(bank.db(), [](void* flag) { return *static_cast<bool*>(flag) ? 1 : 0; }, &refuse);
  CHECK(bank.perform(call_of(Operation::try_)).kind() == Outcome::Kind::unavailable);
  CHECK(bank.rows() == 0);
  CHECK(bank.taken() == 0);
  refuse = false;
  CHECK(bank.perform(call_of(Operation::try_)).kind() == succeeded);
  refuse = true;
  for (const Operation second : {Operation::confirm, Operation::cancel}) {
    CHECK(bank.perform(call_of(second)).kind() == Outcome::Kind::unavailable);
    CHECK(bank.rows() == 1);
  }
  CHECK(sqlite::Barrier(bank.db()).answer_check(call_of(Operation::check)).kind() == Outcome::Kind::unavailable);
  CHECK(bank.rows() == 1);
}

}  // namespace escrow
