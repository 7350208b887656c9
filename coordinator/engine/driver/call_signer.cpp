#include "coordinator/engine/driver/call_signer.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <utility>

#include "protocol/headers.hpp"
#include "protocol/signing/signature.hpp"

namespace escrow::engine::driver {
namespace {

namespace signing = protocol::signing;

/// The key of one entry, or what is wrong with it.
Result<signing::SigningKey, std::string> read_key(const transport::SigningEntry& entry, std::set<std::string>& ids) {
  for (const auto& [member, value] : entry) {
    if (member != "id" && member != "secret" && member != "ed25519") {
      return "there is no member " + member + "; there are id, and secret or ed25519";
    }
  }
  const auto id = entry.find("id");
  if (id == entry.end()) return std::string("id is missing: a name for people");
  if (!ids.insert(id->second).second) return "the id " + id->second + " stands twice in this entry";
  const auto secret = entry.find("secret");
  const auto ed25519 = entry.find("ed25519");
  if ((secret == entry.end()) == (ed25519 == entry.end())) return std::string("either secret or ed25519 is needed");
  auto key = signing::SigningKey::parse(secret != entry.end() ? secret->second : ed25519->second);
  if (!key) return (secret != entry.end() ? "secret: " : "ed25519: ") + key.error();
  if (key->is_symmetric() != (secret != entry.end()))
    return std::string("secret takes a key that begins with whsec_, ed25519 one with whsk_");
  return key;
}

std::string_view header_of(const transport::OutboundCall& call, std::string_view name) { return call.headers().find(name).value_or(""); }

}  // namespace

Result<TargetKeys, std::vector<std::string>> TargetKeys::make(const transport::TargetCredentials& credentials) {
  TargetKeys made;
  std::vector<std::string> faults;
  for (std::size_t entry = 0; entry < credentials.size(); ++entry) {
    const transport::TargetCredential& credential = credentials[entry];
    std::vector<signing::SigningKey> keys;
    std::set<std::string> ids;
    const std::string where = "entry " + std::to_string(entry + 1) + ", signing";
    for (std::size_t i = 0; i < credential.signing.size(); ++i) {
      auto key = read_key(credential.signing[i], ids);
      if (!key) {
        faults.push_back(where + " " + std::to_string(i + 1) + ": " + key.error());
      } else {
        keys.push_back(std::move(*key));
      }
    }
    if (credential.signing.size() > signing::most_signatures) {
      faults.push_back(where + ": more than " + std::to_string(signing::most_signatures) + " keys; participants refuse so many signatures");
    }
    const auto pairs = std::ranges::count_if(keys, [](const signing::SigningKey& key) { return !key.is_symmetric(); });
    if (pairs > std::ptrdiff_t{signing::most_ed25519_signatures}) {
      faults.push_back(where + ": more than " + std::to_string(signing::most_ed25519_signatures) +
                       " keys of Ed25519; participants refuse so many of its signatures");
    }
    transport::TargetCredential target;
    target.match = credential.match;
    if (const auto added = made.targets_.add(std::move(target)); !added) faults.push_back(added.error().detail);
    made.keys_.push_back(std::move(keys));
  }
  if (!faults.empty()) return faults;
  return made;
}

std::vector<std::string> TargetKeys::shared_keys() const {
  std::vector<std::string> out;
  std::map<std::string, std::string> first_match;
  for (std::size_t entry = 0; entry < keys_.size(); ++entry) {
    if (keys_[entry].empty()) continue;
    const std::string& match = targets_[entry].match;
    if (match.starts_with('*')) out.push_back("the keys of " + match + " sign the calls of every destination that it names");
    for (const signing::SigningKey& key : keys_[entry]) {
      const auto [first, is_new] = first_match.emplace(key.verifying_text(), match);
      if (!is_new && first->second != match) out.push_back("a key of " + match + " is one of " + first->second + ", too");
    }
  }
  return out;
}

const std::vector<signing::SigningKey>* TargetKeys::find(const protocol::Url& url) const {
  if (keys_.empty()) return nullptr;
  const std::size_t place = targets_.index_of(url.host(), url.port());
  return place < keys_.size() && !keys_[place].empty() ? &keys_[place] : nullptr;
}

void CallSigner::sign(transport::OutboundCall& call, std::chrono::system_clock::time_point now) const {
  const auto* const keys = keys_.find(call.url());
  if (keys == nullptr) return;
  const signing::CallIdentity identity{call.method(),
                                       call.url().host_header(),
                                       call.url().target(),
                                       header_of(call, protocol::header_gid),
                                       header_of(call, protocol::header_branch),
                                       header_of(call, protocol::header_operation),
                                       header_of(call, protocol::header_phase)};
  const auto now_s = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
  const auto signature = signing::sign_call(*keys, identity, now_s, call.body());
  call.header(protocol::header_webhook_id, signature.id);
  call.header(protocol::header_webhook_timestamp, signature.timestamp);
  call.header(protocol::header_webhook_signature, signature.signatures);
}

}  // namespace escrow::engine::driver
