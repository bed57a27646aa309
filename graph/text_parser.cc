#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "graph/builder.h"
#include "graph/planted_bug.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "graph/text.h"

namespace espalier {
namespace {

// A word runs over letters, digits and these: names, numbers and keywords.
bool IsWordCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' ||
         c == '.' || c == '/' || c == '-' || c == '+';
}

struct Token {
  enum class Kind { kWord, kString, kSymbol, kEnd };
  Kind kind = Kind::kEnd;
  std::string text;  // of a string, without quotes and escapes
  int line = 1;
  int column = 1;

  std::string ToString() const {
    return kind == Kind::kEnd ? "the end of the text" : Quoted(text);
  }
};

class Lexer {
 public:
  explicit Lexer(absl::string_view text) : text_(text) {}

  absl::StatusOr<Token> Next() {
    SkipSpace();
    Token token;
    token.line = line_;
    token.column = column_;
    if (text_.empty()) return token;
    const char c = text_.front();
    if (c == '"') return ReadString(std::move(token));
    size_t length = 0;
    while (length < text_.size() && IsWordCharacter(text_[length])) ++length;
    token.kind = length > 0 ? Token::Kind::kWord : Token::Kind::kSymbol;
    token.text = std::string(text_.substr(0, length > 0 ? length : 1));
    Advance(token.text.size());
    return token;
  }

 private:
  void Advance(size_t count) {
    for (size_t i = 0; i < count; ++i) {
      if (text_[i] == '\n') {
        ++line_;
        column_ = 1;
      } else {
        ++column_;
      }
    }
    text_.remove_prefix(count);
  }

  void SkipSpace() {
    while (!text_.empty()) {
      if (absl::ascii_isspace(static_cast<unsigned char>(text_.front()))) {
        Advance(1);
      } else if (text_.front() == '#') {
        const size_t end = text_.find('\n');
        if (PlantedBug(20) && end == text_.npos) continue;
        Advance(std::min(end, text_.size()));
      } else {
        return;
      }
    }
  }

  absl::StatusOr<Token> ReadString(Token token) {
    size_t end = 1;
    while (end < text_.size() && text_[end] != '"' && text_[end] != '\n') {
      end += text_[end] == '\\' ? 2 : 1;
    }
    std::string error;
    token.kind = Token::Kind::kString;
    if (end >= text_.size() || text_[end] != '"' ||
        !absl::CUnescape(text_.substr(1, end - 1), &token.text, &error)) {
      return absl::InvalidArgumentError(absl::StrCat("line ", token.line,
                                                     ", column ", token.column,
                                                     ": malformed string"));
    }
    Advance(end + 1);
    return token;
  }

  absl::string_view text_;
  int line_ = 1;
  int column_ = 1;
};

absl::StatusOr<float> ParseFloat(const std::string& word) {
  float value;
  if (!absl::SimpleAtof(word, &value) || std::isnan(value) ||
      (std::isinf(value) && word != "inf" && word != "-inf")) {
    return absl::InvalidArgumentError(absl::StrCat(Quoted(word), " is no f32"));
  }
  return value;
}

class Parser {
 public:
  Parser(absl::string_view text, const OpTable& ops)
      : lexer_(text), ops_(ops) {}

  absl::StatusOr<Graph> Parse() {
    RETURN_IF_ERROR(Shift());
    RETURN_IF_ERROR(ExpectWord("graph"));
    ASSIGN_OR_RETURN(const std::string name, Word("a name"));
    RETURN_IF_ERROR(ExpectSymbol('{'));
    GraphBuilder builder(name);
    RETURN_IF_ERROR(builder.status());
    while (!IsSymbol('}')) RETURN_IF_ERROR(Line(builder));
    RETURN_IF_ERROR(Shift());
    if (token_.kind != Token::Kind::kEnd) return Unexpected("nothing more");
    return builder.Build();
  }

 private:
  absl::Status Shift() {
    ASSIGN_OR_RETURN(token_, lexer_.Next());
    return absl::OkStatus();
  }

  absl::Status At(const Token& token, const absl::Status& status) const {
    return Annotate(
        status, absl::StrCat("line ", token.line, ", column ", token.column));
  }

  absl::Status Unexpected(absl::string_view expected) const {
    return At(token_,
              absl::InvalidArgumentError(absl::StrCat(
                  "expected ", expected, ", found ", token_.ToString())));
  }

  bool IsSymbol(char symbol) const {
    return token_.kind == Token::Kind::kSymbol && token_.text[0] == symbol;
  }

  absl::Status ExpectSymbol(char symbol) {
    if (!IsSymbol(symbol)) {
      return Unexpected(absl::StrCat("'", std::string(1, symbol), "'"));
    }
    return Shift();
  }

  absl::Status ExpectWord(absl::string_view word) {
    if (token_.kind != Token::Kind::kWord || token_.text != word) {
      return Unexpected(absl::StrCat("'", word, "'"));
    }
    return Shift();
  }

  absl::StatusOr<std::string> Word(absl::string_view what) {
    if (token_.kind != Token::Kind::kWord) return Unexpected(what);
    std::string word = token_.text;
    RETURN_IF_ERROR(Shift());
    return word;
  }

  absl::StatusOr<Value> Lookup(GraphBuilder& builder, const Token& name) {
    const auto found = nodes_.find(name.text);
    if (found == nodes_.end()) {
      return At(name, absl::InvalidArgumentError(absl::StrCat(
                          "no earlier node is named ", Quoted(name.text))));
    }
    return builder.value(found->second);
  }

  absl::StatusOr<Value> NamedValue(GraphBuilder& builder) {
    const Token token = token_;
    RETURN_IF_ERROR(Word("the name of a node").status());
    return Lookup(builder, token);
  }

  // name [: type] = kind(...), or output/update name = name.
  absl::Status Line(GraphBuilder& builder) {
    const Token start = token_;
    ASSIGN_OR_RETURN(const std::string first, Word("a name or '}'"));
    if ((first == "output" || first == "update") &&
        token_.kind == Token::Kind::kWord) {
      return At(start, OutputOrUpdate(builder, first));
    }
    std::string type;
    if (IsSymbol(':')) {
      RETURN_IF_ERROR(Shift());
      ASSIGN_OR_RETURN(const TensorType read, Type());
      type = read.ToString();
    }
    RETURN_IF_ERROR(ExpectSymbol('='));
    return NodeLine(builder, start, type);
  }

  absl::Status OutputOrUpdate(GraphBuilder& builder, absl::string_view what) {
    if (what == "output") {
      ASSIGN_OR_RETURN(const std::string name, Word("a name"));
      RETURN_IF_ERROR(ExpectSymbol('='));
      ASSIGN_OR_RETURN(const Value value, NamedValue(builder));
      builder.Output(name, value);
      return builder.status();
    }
    ASSIGN_OR_RETURN(const Value leaf, NamedValue(builder));
    RETURN_IF_ERROR(ExpectSymbol('='));
    ASSIGN_OR_RETURN(const Value value, NamedValue(builder));
    builder.Update(leaf, value);
    return builder.status();
  }

  absl::Status NodeLine(GraphBuilder& builder, const Token& name,
                        const std::string& type) {
    ASSIGN_OR_RETURN(const std::string kind, Word("an op kind"));
    RETURN_IF_ERROR(ExpectSymbol('('));
    std::vector<Value> inputs;
    Attributes attributes;
    while (!IsSymbol(')')) {
      const Token item = token_;
      ASSIGN_OR_RETURN(const std::string word,
                       Word("an input, an attribute or ')'"));
      if (IsSymbol('=')) {
        RETURN_IF_ERROR(Shift());
        ASSIGN_OR_RETURN(AttributeValue value, ReadAttribute());
        attributes.push_back({word, std::move(value)});
      } else {
        ASSIGN_OR_RETURN(const Value input, Lookup(builder, item));
        inputs.push_back(input);
      }
      if (IsSymbol(')')) break;
      if (!IsSymbol(',') && !IsSymbol(';')) return Unexpected("',' or ')'");
      RETURN_IF_ERROR(Shift());
    }
    RETURN_IF_ERROR(Shift());
    absl::StatusOr<OpPtr> op = ops_.Make(kind, attributes);
    if (!op.ok()) {
      return At(name,
                Annotate(op.status(), absl::StrCat("node ", Quoted(name.text),
                                                   " (", kind, ")")));
    }
    const Value value = builder.AddNode(*op, inputs, name.text);
    RETURN_IF_ERROR(At(name, builder.status()));
    if (!type.empty() && type != value.type().ToString()) {
      return At(name, absl::InvalidArgumentError(absl::StrCat(
                          value.node().ToString(), " is written as ", type,
                          " but is ", value.type().ToString())));
    }
    nodes_[name.text] = value.id();
    return absl::OkStatus();
  }

  absl::StatusOr<TensorType> Type() {
    const Token start = token_;
    ASSIGN_OR_RETURN(const std::string word, Word("a type"));
    absl::StatusOr<DataType> dtype = ParseDataType(word);
    RETURN_IF_ERROR(At(start, dtype.status()));
    ASSIGN_OR_RETURN(const std::vector<int64_t> dims, IntList());
    const TensorType type{*dtype, Shape(dims)};
    RETURN_IF_ERROR(At(start, type.shape.Validate()));
    return type;
  }

  // [1, 2, 3]; N stands for the batch.
  absl::StatusOr<std::vector<int64_t>> IntList() {
    std::vector<int64_t> list;
    RETURN_IF_ERROR(ExpectSymbol('['));
    while (!IsSymbol(']')) {
      const Token start = token_;
      ASSIGN_OR_RETURN(const std::string word, Word("an integer or ']'"));
      int64_t value = kBatch;
      if (word != "N" && !absl::SimpleAtoi(word, &value)) {
        return At(start, absl::InvalidArgumentError(
                             absl::StrCat(Quoted(word), " is no integer")));
      }
      list.push_back(value);
      if (IsSymbol(']')) break;
      RETURN_IF_ERROR(ExpectSymbol(','));
    }
    RETURN_IF_ERROR(Shift());
    return list;
  }

  // A float from its word; `nan` is followed by its bits in parentheses.
  absl::StatusOr<float> Float(const Token& start, const std::string& word) {
    if (word != "nan") {
      absl::StatusOr<float> value = ParseFloat(word);
      RETURN_IF_ERROR(At(start, value.status()));
      return value;
    }
    RETURN_IF_ERROR(ExpectSymbol('('));
    ASSIGN_OR_RETURN(const std::string digits, Word("the bits of a NaN"));
    RETURN_IF_ERROR(ExpectSymbol(')'));
    uint32_t bits = 0;
    float value = 0;
    if (absl::SimpleHexAtoi(digits, &bits)) {
      std::memcpy(&value, &bits, sizeof value);
    }
    if (!std::isnan(value)) {
      return At(start, absl::InvalidArgumentError(absl::StrCat(
                           Quoted(digits), " are not the bits of a NaN")));
    }
    return value;
  }

  absl::StatusOr<AttributeValue> ReadAttribute() {
    if (IsSymbol('[')) {
      ASSIGN_OR_RETURN(std::vector<int64_t> list, IntList());
      return AttributeValue(std::move(list));
    }
    const Token start = token_;
    if (token_.kind == Token::Kind::kString) {
      RETURN_IF_ERROR(Shift());
      return AttributeValue(start.text);
    }
    ASSIGN_OR_RETURN(const std::string word, Word("an attribute's value"));
    if (word == "true" || word == "false")
      return AttributeValue(word == "true");
    if (word == "f32" || word == "i32") return ReadTensor(start, word);
    int64_t integer;
    if (absl::SimpleAtoi(word, &integer)) return AttributeValue(integer);
    ASSIGN_OR_RETURN(const float value, Float(start, word));
    return AttributeValue(value);
  }

  // f32[2]{1.0, 2.0}, behind the type's word.
  absl::StatusOr<AttributeValue> ReadTensor(const Token& start,
                                            const std::string& word) {
    ASSIGN_OR_RETURN(const std::vector<int64_t> dims, IntList());
    const Shape shape(dims);
    RETURN_IF_ERROR(At(start, shape.Validate()));
    if (shape.has_symbolic_batch()) {
      return At(start, absl::InvalidArgumentError(
                           "a constant's shape may not have the batch N"));
    }
    RETURN_IF_ERROR(ExpectSymbol('{'));
    std::vector<float> floats;
    std::vector<int32_t> integers;
    while (!IsSymbol('}')) {
      const Token item = token_;
      ASSIGN_OR_RETURN(const std::string number, Word("a number or '}'"));
      if (word == "f32") {
        ASSIGN_OR_RETURN(const float value, Float(item, number));
        floats.push_back(value);
      } else {
        int32_t value;
        if (!absl::SimpleAtoi(number, &value)) {
          return At(item, absl::InvalidArgumentError(
                              absl::StrCat(Quoted(number), " is no i32")));
        }
        integers.push_back(value);
      }
      if (IsSymbol('}')) break;
      RETURN_IF_ERROR(ExpectSymbol(','));
    }
    RETURN_IF_ERROR(Shift());
    const size_t found = floats.size() + integers.size();
    if (found != static_cast<size_t>(shape.num_elements())) {
      return At(start, absl::InvalidArgumentError(absl::StrCat(
                           "a tensor of shape ", shape.ToString(), " has ",
                           shape.num_elements(), " elements, found ", found)));
    }
    if (word == "f32") return AttributeValue(Tensor(shape, floats));
    return AttributeValue(Tensor(shape, integers));
  }

  Lexer lexer_;
  const OpTable& ops_;
  Token token_;
  absl::flat_hash_map<std::string, NodeId> nodes_;
};

}  // namespace

absl::StatusOr<Graph> ParseGraph(absl::string_view text, const OpTable& ops) {
  return Parser(text, ops).Parse();
}

}  // namespace espalier
