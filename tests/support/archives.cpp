#include "tests/support/archives.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdio>

namespace larder::test {

namespace {

constexpr std::size_t block = 512;

void put(std::string& header, std::size_t at, std::size_t size,
         std::string_view text) {
  header.replace(at, std::min(size, text.size()), text.substr(0, size));
}

std::string octal(std::uint64_t value, std::size_t digits) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%0*llo", static_cast<int>(digits),
                static_cast<unsigned long long>(value));
  return text.data();
}

/// Deflates piece by piece.
class gzip_stream {
 public:
  gzip_stream() {
    // 31: the largest window, and a header of gzip.
    deflateInit2(&stream_, Z_BEST_COMPRESSION, Z_DEFLATED, 31, 8,
                 Z_DEFAULT_STRATEGY);
  }
  ~gzip_stream() { deflateEnd(&stream_); }
  gzip_stream(const gzip_stream&) = delete;
  gzip_stream& operator=(const gzip_stream&) = delete;

  void write(std::string_view bytes, bool last = false) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    do {
      stream_.next_out = buffer_.data();
      stream_.avail_out = static_cast<uInt>(buffer_.size());
      deflate(&stream_, last ? Z_FINISH : Z_NO_FLUSH);
      out_.append(reinterpret_cast<char*>(buffer_.data()),
                  buffer_.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
  }

  std::string done() {
    write({}, true);
    return std::move(out_);
  }

 private:
  z_stream stream_{};
  std::array<Bytef, 1 << 16> buffer_;
  std::string out_;
};

std::string little(std::uint32_t value, int bytes) {
  std::string result;
  for (int i = 0; i < bytes; ++i)
    result += static_cast<char>(value >> (8 * i));
  return result;
}

}  // namespace

tar_writer& tar_writer::header(std::string_view name, std::uint64_t size,
                               char type, std::string_view target) {
  std::string head(block, '\0');
  put(head, 0, 100, name);
  put(head, 100, 8, "0000644");
  put(head, 108, 8, "0000000");
  put(head, 116, 8, "0000000");
  put(head, 124, 12, octal(size, 11));
  put(head, 136, 12, octal(0, 11));
  put(head, 148, 8, "        ");
  head[156] = type;
  put(head, 157, 100, target);
  put(head, 257, 6, std::string_view{"ustar\0", 6});
  put(head, 263, 2, "00");
  std::uint64_t sum = 0;
  for (auto c : head)
    sum += static_cast<unsigned char>(c);
  put(head, 148, 7, octal(sum, 6));
  head[154] = '\0';
  bytes_ += head;
  return *this;
}

tar_writer& tar_writer::file(std::string_view name, std::string_view content) {
  header(name, content.size());
  bytes_ += content;
  bytes_.append((block - content.size() % block) % block, '\0');
  return *this;
}

tar_writer& tar_writer::directory(std::string_view name) {
  return header(name, 0, '5');
}

tar_writer& tar_writer::link(std::string_view name, std::string_view target,
                             char type) {
  return header(name, 0, type, target);
}

tar_writer& tar_writer::raw(std::string_view bytes) {
  bytes_ += bytes;
  return *this;
}

std::string tar_writer::done() const {
  return bytes_ + std::string(2 * block, '\0');
}

std::string gzip(std::string_view bytes) {
  gzip_stream out;
  out.write(bytes);
  return out.done();
}

std::string gzip_of_zeros(std::string_view head, std::uint64_t count,
                          std::string_view tail) {
  gzip_stream out;
  out.write(head);
  const std::string zeros(1 << 20, '\0');
  for (; count > 0; count -= std::min<std::uint64_t>(count, zeros.size()))
    out.write({zeros.data(), static_cast<std::size_t>(std::min<std::uint64_t>(
                                 count, zeros.size()))});
  out.write(tail);
  return out.done();
}

std::string zip(const std::vector<std::pair<std::string, std::string>>& files) {
  std::string out, directory;
  for (auto& [name, content] : files) {
    auto sum = static_cast<std::uint32_t>(
        crc32(0, reinterpret_cast<const Bytef*>(content.data()),
              static_cast<uInt>(content.size())));
    auto size = little(static_cast<std::uint32_t>(content.size()), 4);
    auto both = little(20, 2) + little(0x800, 2) + little(0, 2) + little(0, 4)
                + little(sum, 4) + size + size
                + little(static_cast<std::uint32_t>(name.size()), 2)
                + little(0, 2);
    auto at = little(static_cast<std::uint32_t>(out.size()), 4);
    out += "PK\x03\x04" + both + name + content;
    directory += "PK\x01\x02" + little(20, 2) + both + little(0, 2)
                 + little(0, 2) + little(0, 2) + little(0, 4) + at + name;
  }
  auto count = little(static_cast<std::uint32_t>(files.size()), 2);
  auto at = little(static_cast<std::uint32_t>(out.size()), 4);
  auto size = little(static_cast<std::uint32_t>(directory.size()), 4);
  return out + directory + "PK\x05\x06" + little(0, 4) + count + count + size
         + at + little(0, 2);
}

}  // namespace larder::test
