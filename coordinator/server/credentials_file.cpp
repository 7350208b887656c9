#include "coordinator/server/credentials_file.hpp"

#include "coordinator/server/reload/guarded_file.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <set>
#include <utility>

namespace escrow::server {
namespace {

/// Whether it may be shown: `secret:whsec_...` without a space is one name, with the secret in it.
bool is_word(std::string_view name) {
  constexpr std::size_t longest = 16;
  return !name.empty() && name.size() <= longest &&
         std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

constexpr std::string_view no_word = "has a member whose name is no word; is there a space behind each colon?";

using transport::TargetCredential;

class Reader {
 public:
  explicit Reader(std::string path) : path_(std::move(path)) {}

  void read(std::string_view text) {
    try {
      const YAML::Node root = YAML::Load(std::string(text));
      if (root.IsNull()) return;
      if (!root.IsSequence()) return fault("", "must be a list of entries, each with match");
      for (const YAML::Node& entry : root) {
        ++entry_;
        read_entry(entry);
      }
    } catch (const YAML::Exception& error) {
      // Its message may quote the text around the place, and with it a secret.
      fault("", fmt::format("is no YAML: line {}, column {}", error.mark.line + 1, error.mark.column + 1));
    }
  }

  Result<transport::TargetCredentials, std::vector<ConfigFault>> finish() && {
    if (!faults_.empty()) return std::move(faults_);
    return std::move(credentials_);
  }

 private:
  void fault(std::string_view member, std::string_view detail) {
    std::string where = path_;
    if (entry_ > 0) where += fmt::format(": entry {}", entry_);
    if (!member.empty()) where += fmt::format(", {}", member);
    faults_.push_back({"targets.credentials_file", fmt::format("{}: {}", where, detail)});
  }

  void read_entry(const YAML::Node& entry) {
    if (!entry.IsMap()) return fault("", "must be a map with match and what belongs to it");
    const std::size_t faults_before = faults_.size();
    TargetCredential credential;
    std::set<std::string> seen;
    for (const auto& member : entry) {
      const std::string name = member.first.Scalar();
      if (!is_word(name)) {
        fault("", no_word);
      } else if (!seen.insert(name).second) {
        fault(name, "stands twice");
      } else if (name == "match") {
        read_text(name, member.second, credential.match);
      } else if (name == "ca_file") {
        read_text(name, member.second, credential.ca_file);
      } else if (name == "certificate_file") {
        read_text(name, member.second, credential.certificate_file);
      } else if (name == "key_file") {
        read_text(name, member.second, credential.key_file);
      } else if (name == "signing") {
        read_signing(member.second, credential.signing);
      } else {
        fault(name, "there is no such member; there are match, ca_file, certificate_file, key_file and signing");
      }
    }
    if (!seen.contains("match")) fault("match", "is missing");
    if (seen.contains("certificate_file") != seen.contains("key_file")) {
      fault(seen.contains("key_file") ? "certificate_file" : "key_file", "must be set together with the other one");
    }
    if (faults_.size() > faults_before) return;
    if (const auto added = credentials_.add(std::move(credential)); !added) fault("", added.error().detail);
  }

  void read_text(std::string_view member, const YAML::Node& value, std::string& into) {
    if (!value.IsScalar() || value.Scalar().empty()) return fault(member, "must be one plain value");
    into = value.Scalar();
  }

  void read_signing(const YAML::Node& list, std::vector<transport::SigningEntry>& into) {
    if (!list.IsSequence()) return fault("signing", "must be a list of secrets");
    int number = 0;
    for (const YAML::Node& secret : list) {
      const std::string where = fmt::format("signing {}", ++number);
      if (!secret.IsMap()) {
        fault(where, "must be a map");
        continue;
      }
      transport::SigningEntry entry;
      for (const auto& member : secret) {
        const std::string name = member.first.Scalar();
        if (!is_word(name)) {
          fault(where, no_word);
          continue;
        }
        std::string value;
        read_text(where + ", " + name, member.second, value);
        if (!entry.emplace(name, std::move(value)).second) fault(where + ", " + name, "stands twice");
      }
      into.push_back(std::move(entry));
    }
  }

  std::string path_;
  int entry_ = 0;
  transport::TargetCredentials credentials_;
  std::vector<ConfigFault> faults_;
};

}  // namespace

Result<transport::TargetCredentials, std::vector<ConfigFault>> parse_credentials(std::string_view text, const std::string& path) {
  Reader reader(path);
  reader.read(text);
  return std::move(reader).finish();
}

Result<transport::TargetCredentials, std::vector<ConfigFault>> read_credentials(const std::string& path) {
  if (path.empty()) return transport::TargetCredentials();
  const auto read = read_guarded_file(path, Guard::nobody_reads);
  if (!read) return std::vector<ConfigFault>{{"targets.credentials_file", read.error().detail}};
  return parse_credentials(read->text, path);
}

}  // namespace escrow::server
