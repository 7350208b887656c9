#include "coordinator/transport/target_tls.hpp"

#include "coordinator/transport/errors.hpp"

#include <boost/asio/ssl/context.hpp>

#include <fmt/format.h>

#include <array>
#include <map>
#include <tuple>
#include <utility>

namespace escrow::transport {
namespace {

namespace ssl = boost::asio::ssl;

constexpr std::array<unsigned char, 9> only_http_1_1 = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

/// What a context is made of.
struct Files {
  std::string ca_file;
  std::string certificate_file;
  std::string key_file;
  bool trusts_the_system = true;

  bool operator<(const Files& other) const {
    return std::tie(ca_file, certificate_file, key_file, trusts_the_system) <
           std::tie(other.ca_file, other.certificate_file, other.key_file, other.trusts_the_system);
  }
};

Result<std::shared_ptr<ssl::context>> make_context(const Files& files, const PemReader& read) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
  SSL_CTX* const native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_alpn_protos(native, only_http_1_1.data(), only_http_1_1.size());
  if (files.trusts_the_system) {
    boost::system::error_code failure;
    context->set_default_verify_paths(failure);
    if (failure) return Error{Errc::tls_setup, "cannot load the system's certificate authorities: " + failure.message()};
  }
  if (!files.ca_file.empty()) {
    if (const auto loaded = load_authorities(*context, files.ca_file, read); !loaded) return loaded.error();
  }
  if (!files.certificate_file.empty() || !files.key_file.empty()) {
    if (const auto loaded = load_identity(*context, files.certificate_file, files.key_file, read); !loaded) return loaded.error();
  }
  return context;
}

}  // namespace

TargetTls::TargetTls(TargetCredentials targets) : targets_(std::move(targets)) {}

TargetTls::~TargetTls() = default;

Result<std::shared_ptr<const TargetTls>> TargetTls::load(const ClientTls& general, const TargetCredentials& credentials,
                                                         const PemReader& read) {
  // Only whom each is for: secrets of signing have no business in here.
  TargetCredentials targets;
  for (std::size_t i = 0; i < credentials.size(); ++i) {
    TargetCredential target;
    target.match = credentials[i].match;
    if (const auto added = targets.add(std::move(target)); !added) return added.error();
  }
  const std::shared_ptr<TargetTls> loaded(new TargetTls(std::move(targets)));
  std::map<Files, std::shared_ptr<ssl::context>> made;
  const auto add = [&](const Files& files) -> Result<void> {
    auto& context = made[files];
    if (!context) {
      auto fresh = make_context(files, read);
      if (!fresh) return fresh.error();
      context = *std::move(fresh);
    }
    loaded->contexts_.push_back(context);
    return {};
  };
  for (std::size_t i = 0; i < credentials.size(); ++i) {
    const TargetCredential& entry = credentials[i];
    const bool has_own_identity = !entry.certificate_file.empty();
    Files files;
    files.ca_file = entry.ca_file.empty() ? general.ca_file : entry.ca_file;
    files.trusts_the_system = entry.ca_file.empty();
    files.certificate_file = has_own_identity ? entry.certificate_file : general.certificate_file;
    files.key_file = has_own_identity ? entry.key_file : general.key_file;
    if (const auto added = add(files); !added) {
      return Error{Errc::tls_setup, fmt::format("entry {} (match {}): {}", i + 1, entry.match, added.error().detail)};
    }
  }
  if (const auto added = add({general.ca_file, general.certificate_file, general.key_file, true}); !added) return added.error();
  return std::shared_ptr<const TargetTls>(loaded);
}

ssl::context& TargetTls::context_for(const protocol::Url& url) const { return *contexts_[targets_.index_of(url.host(), url.port())]; }

}  // namespace escrow::transport
