#include "tests/support/certificate.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>

namespace larder::test {

void write_certificate(const std::string& directory) {
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{EVP_EC_gen("P-256"),
                                                          EVP_PKEY_free};
  std::unique_ptr<X509, decltype(&X509_free)> certificate{X509_new(),
                                                          X509_free};
  auto* c = certificate.get();
  X509_set_version(c, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(c), 1);
  X509_gmtime_adj(X509_getm_notBefore(c), -60);
  X509_gmtime_adj(X509_getm_notAfter(c), 3'600);
  X509_set_pubkey(c, key.get());
  auto* name = X509_get_subject_name(c);
  X509_NAME_add_entry_by_txt(
      name, "CN", MBSTRING_ASC,
      reinterpret_cast<const unsigned char*>("larder test"), -1, -1, 0);
  X509_set_issuer_name(c, name);
  auto add = [c](int what, const char* value) {
    auto* extension = X509V3_EXT_conf_nid(nullptr, nullptr, what, value);
    X509_add_ext(c, extension, -1);
    X509_EXTENSION_free(extension);
  };
  add(NID_basic_constraints, "critical,CA:TRUE");
  add(NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
  if (X509_sign(c, key.get(), EVP_sha256()) == 0)
    throw std::runtime_error("cannot sign a certificate");
  auto write = [&directory](const char* file, auto put) {
    auto path = directory + "/" + file;
    std::unique_ptr<BIO, decltype(&BIO_free)> out{
        BIO_new_file(path.c_str(), "w"), BIO_free};
    if (!out || put(out.get()) != 1)
      throw std::runtime_error("cannot write " + path);
  };
  write("cert.pem", [c](BIO* out) { return PEM_write_bio_X509(out, c); });
  write("key.pem", [&key](BIO* out) {
    return PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0,
                                    nullptr, nullptr);
  });
}

}  // namespace larder::test
