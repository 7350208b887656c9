#include "coordinator/transport/tls_files.hpp"

#include "coordinator/transport/errors.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/context.hpp>

#include <fmt/format.h>

#include <openssl/crypto.h>

#include <cerrno>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

namespace escrow::transport {
namespace {

int no_pass_phrase(char*, int, int, void*) { return 0; }

Error failed(std::string_view what, const std::string& file, std::string_view why) {
  return Error{Errc::tls_setup, fmt::format("cannot use the {} in {}: {}", what, file, why)};
}

}  // namespace

Result<std::string, Error> read_pem(const std::string& path, PemKind) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) return Error{Errc::tls_setup, std::generic_category().message(errno != 0 ? errno : EIO)};
  return std::move(text).str();
}

Result<void> load_identity(boost::asio::ssl::context& context, const std::string& certificate_file, const std::string& key_file,
                           const PemReader& read) {
  // Without this OpenSSL asks at the terminal, and a daemon would wait there for ever.
  SSL_CTX_set_default_passwd_cb(context.native_handle(), no_pass_phrase);
  boost::system::error_code failure;
  if (!certificate_file.empty()) {
    const auto chain = read(certificate_file, PemKind::certificate);
    if (!chain) return failed("certificate", certificate_file, chain.error().detail);
    context.use_certificate_chain(boost::asio::buffer(*chain), failure);
    if (failure) return failed("certificate", certificate_file, failure.message());
  }
  auto key = read(key_file, PemKind::key);
  if (!key) return failed("key", key_file, key.error().detail);
  context.use_private_key(boost::asio::buffer(*key), boost::asio::ssl::context::pem, failure);
  OPENSSL_cleanse(key->data(), key->size());
  if (failure) return failed("key", key_file, failure.message());
  return {};
}

Result<std::string> load_authorities(boost::asio::ssl::context& context, const std::string& ca_file, const PemReader& read) {
  auto text = read(ca_file, PemKind::authorities);
  if (!text) return failed("authorities", ca_file, text.error().detail);
  boost::system::error_code failure;
  context.add_certificate_authority(boost::asio::buffer(*text), failure);
  if (failure) return failed("authorities", ca_file, failure.message());
  return *std::move(text);
}

}  // namespace escrow::transport
