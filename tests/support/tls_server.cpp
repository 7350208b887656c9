#include "tests/support/tls_server.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace escrow::testing {
namespace {

template <auto free_it>
struct Free {
  template <class T>
  void operator()(T* pointer) const {
    free_it(pointer);
  }
};
template <class T, auto free_it>
using Owned = std::unique_ptr<T, Free<free_it>>;

int take_any(int, X509_STORE_CTX*) { return 1; }

class Connection final : public TlsConnection {
 public:
  explicit Connection(SSL* ssl) : ssl_(ssl) {}

  std::string receive_message() override {
    std::string message;
    char bytes[4096];
    for (;;) {
      const std::size_t end = message.find("\r\n\r\n");
      if (end != std::string::npos) {
        const std::size_t at = message.find("Content-Length: ");
        const std::size_t length = at == std::string::npos ? 0 : std::stoul(message.substr(at + 16));
        if (message.size() >= end + 4 + length) return message;
      }
      const int received = SSL_read(ssl_, bytes, sizeof bytes);
      if (received <= 0) return message;
      message.append(bytes, static_cast<std::size_t>(received));
    }
  }
  bool send(const std::string& bytes) override { return SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())) > 0; }
  void send_close_alert() override { SSL_shutdown(ssl_); }
  [[nodiscard]] std::string server_name() const override {
    const char* const name = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
    return name == nullptr ? "" : name;
  }
  [[nodiscard]] std::string client_name() const override {
    const Owned<X509, X509_free> certificate(SSL_get1_peer_certificate(ssl_));
    if (!certificate) return {};
    const Owned<GENERAL_NAMES, GENERAL_NAMES_free> names(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)));
    if (!names || sk_GENERAL_NAME_num(names.get()) == 0) return {};
    const ASN1_STRING* const name = sk_GENERAL_NAME_value(names.get(), 0)->d.dNSName;
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(name)), static_cast<std::size_t>(ASN1_STRING_length(name))};
  }
  [[nodiscard]] bool has_client_certificate() const override {
    const Owned<X509, X509_free> certificate(SSL_get1_peer_certificate(ssl_));
    return certificate != nullptr;
  }

 private:
  SSL* ssl_;
};

}  // namespace

TestCertificate::TestCertificate(const std::string& names, long valid_for_s) { make(names, nullptr, valid_for_s); }

TestCertificate::TestCertificate(const std::string& names, const TestCertificate& authority, long valid_for_s) {
  make(names, &authority, valid_for_s);
}

void TestCertificate::make(const std::string& names, const TestCertificate* authority, long valid_for_s) {
  std::string pattern = (std::filesystem::temp_directory_path() / "escrow-test-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
  folder_ = pattern;

  const Owned<EVP_PKEY, EVP_PKEY_free> key(EVP_EC_gen("P-256"));
  const Owned<X509, X509_free> certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  // Begins long ago, so that one which has expired can be made, too.
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -86400);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), valid_for_s);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* const name = X509_get_subject_name(certificate.get());
  const unsigned char common_name[] = "escrow test";
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name, -1, -1, 0);
  // Every certificate has a subject of its own: a chain is looked for by name.
  X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(pattern.c_str()), -1, -1, 0);
  Owned<X509, X509_free> issuer;
  Owned<EVP_PKEY, EVP_PKEY_free> issuer_key;
  if (authority != nullptr) {
    const Owned<std::FILE, std::fclose> certificate_in(std::fopen(authority->certificate_file().c_str(), "r"));
    issuer.reset(PEM_read_X509(certificate_in.get(), nullptr, nullptr, nullptr));
    const Owned<std::FILE, std::fclose> key_in(std::fopen(authority->key_file().c_str(), "r"));
    issuer_key.reset(PEM_read_PrivateKey(key_in.get(), nullptr, nullptr, nullptr));
  }
  X509_set_issuer_name(certificate.get(), issuer ? X509_get_subject_name(issuer.get()) : name);
  for (const auto& [kind, value] : {std::pair(NID_subject_alt_name, names),
                                    std::pair(NID_basic_constraints, std::string(authority ? "critical,CA:FALSE" : "critical,CA:TRUE"))}) {
    if (value.empty()) continue;
    const Owned<X509_EXTENSION, X509_EXTENSION_free> extension(X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str()));
    if (!extension || X509_add_ext(certificate.get(), extension.get(), -1) != 1) throw std::runtime_error("no certificate for " + names);
  }
  X509_sign(certificate.get(), issuer_key ? issuer_key.get() : key.get(), EVP_sha256());

  const Owned<std::FILE, std::fclose> certificate_out(std::fopen(certificate_file().c_str(), "w"));
  PEM_write_X509(certificate_out.get(), certificate.get());
  const Owned<std::FILE, std::fclose> key_out(std::fopen(key_file().c_str(), "w"));
  PEM_write_PrivateKey(key_out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  std::filesystem::permissions(key_file(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TestCertificate::~TestCertificate() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

namespace {

RawServer::Script play(const TestCertificate& certificate, const TestCertificate* clients_authority,
                       std::function<void(TlsConnection&, int number)> script) {
  const std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate.certificate_file().c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(context.get(), certificate.key_file().c_str(), SSL_FILETYPE_PEM) != 1) {
    throw std::runtime_error("cannot use the test certificate");
  }
  if (clients_authority == nullptr) {
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, take_any);
  } else {
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    SSL_CTX_load_verify_locations(context.get(), clients_authority->certificate_file().c_str(), nullptr);
  }
  return [context, script = std::move(script)](RawSocket& socket, int number) {
    const Owned<SSL, SSL_free> ssl(SSL_new(context.get()));
    SSL_set_fd(ssl.get(), socket.descriptor());
    if (SSL_accept(ssl.get()) != 1) return;
    Connection connection(ssl.get());
    script(connection, number);
  };
}

}  // namespace

RawServer::Script over_tls(const TestCertificate& certificate, std::function<void(TlsConnection&, int number)> script) {
  return play(certificate, nullptr, std::move(script));
}

RawServer::Script over_mutual_tls(const TestCertificate& certificate, const TestCertificate& clients_authority,
                                  std::function<void(TlsConnection&, int number)> script) {
  return play(certificate, &clients_authority, std::move(script));
}

}  // namespace escrow::testing
