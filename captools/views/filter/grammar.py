"""The grammar of Wireshark display filters (wireshark-filter(4)), read by lark into `captools.views.filter.tree`.

``and`` binds closer than ``xor``, that closer than ``or``; ``not`` covers one condition. Words of the language are in
lower case, as in Wireshark.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from captools.views.filter.errors import ASK_TSHARK, FilterError
from captools.views.filter.spans import BadSpan, spans
from captools.views.filter.strings import unquoted
from captools.views.filter.tree import (
    Call,
    Compare,
    Exists,
    Many,
    Masked,
    Member,
    Node,
    Not,
    Operand,
    Part,
    Quantifier,
    Quoted,
    Reckoned,
    Relation,
    Within,
    Word,
)

MAX_LETTERS = 200_000
MAX_DEPTH = 100  # brackets in brackets; more would end Python's stack
_GRAMMAR = r"""
start: disjunction
?disjunction: exclusive (OR exclusive)*
?exclusive: conjunction (XOR conjunction)*
?conjunction: negation (AND negation)*
?negation: NOT negation -> negated
         | "(" disjunction ")"
         | relation
?relation: operand -> exists
         | quantifier operand RELATION operand -> compare
         | operand RELATION operand -> plain_compare
         | quantifier operand membership "{" member ("," member)* "}" -> within
         | operand membership "{" member ("," member)* "}" -> plain_within
quantifier: ANY | ALL
membership: NOT? IN
member: value (".." value)?
?operand: sum
        | operand AMPERSAND sum -> masked
?sum: product
    | sum (PLUS | MINUS) product -> reckoned
?product: factor
        | product (STAR | SLASH | PERCENT) factor -> reckoned
?factor: atom
       | MINUS factor -> negative
       | PLUS factor -> positive
       | "{" operand "}"
?atom: WORD LAYERS? -> word
     | FUNCTION "(" operand ("," operand)* ")" -> call
     | atom PART -> part
     | quoted
?value: WORD -> word
      | quoted
quoted: STRING | RAW | CHARACTER
PLUS: "+"
MINUS: "-"
STAR: "*"
SLASH: "/"
PERCENT: "%"

OR.3: /\|\||or(?![\w.:\/-])/
XOR.3: /\^\^|xor(?![\w.:\/-])/
AND.3: /&&|and(?![\w.:\/-])/
NOT.3: /!(?!=)|not(?![\w.:\/-])/
ANY.3: /any(?![\w.:\/-])/
ALL.3: /all(?![\w.:\/-])/
IN.3: /in(?![\w.:\/-])/
RELATION.3: /===|!==|==|!=|~=|>=|<=|>|<|~|((any|all)_(eq|ne)|eq|ne|gt|ge|lt|le|contains|matches)(?![\w.:\/-])/
AMPERSAND.3: /&(?!&)|bitwise_and(?![\w.:\/-])/
FUNCTION.2: /[a-z_]+(?=\s*\()/
RAW.2: /r"(?:\\.|[^"\\])*"/s
STRING: /"(?:\\.|[^"\\])*"/s
CHARACTER: /'(?:\\.|[^'\\])+'/s
LAYERS: /#(\d+|\[[^\[\]]*\])/
PART: /\[[^\[\]]*\]/
WORD: /[-+]?(?:[\w:\/]|\.(?!\.)|-(?=\w))+/
%ignore /\s+/
"""

# Terminal -> what a person calls it, for "expected …".
_NAMES = {
    "WORD": "a field or value", "STRING": "a field or value", "RAW": "a field or value",
    "CHARACTER": "a field or value", "FUNCTION": "a field or value", "NOT": "a field or value",
    "ANY": "a field or value", "ALL": "a field or value",
    "LPAR": "a field or value", "RPAR": "`)`", "LBRACE": "`{`", "RBRACE": "`}`", "COMMA": "`,`", "IN": "`in`",
    "MINUS": "a field or value", "PLUS": "a field or value",
    "RELATION": "a comparison such as `==`", "AND": "`and` or `or`", "OR": "`and` or `or`", "XOR": "`and` or `or`",
}  # fmt: skip
_HINTS = {
    '"': "close the quotes",
    "'": "close the quotes",
    "$": "a field reference means the frame selected in Wireshark: write its value",
    "@": "the raw bytes of a field are not in the table: compare its value",
}
_RELATIONS: dict[str, tuple[Relation, Quantifier | None]] = {
    "eq": (Relation.EQ, None), "any_eq": (Relation.EQ, Quantifier.ANY), "===": (Relation.EQ, Quantifier.ALL),
    "all_eq": (Relation.EQ, Quantifier.ALL), "ne": (Relation.NE, None), "all_ne": (Relation.NE, Quantifier.ALL),
    "!==": (Relation.NE, Quantifier.ANY), "~=": (Relation.NE, Quantifier.ANY),
    "any_ne": (Relation.NE, Quantifier.ANY), "gt": (Relation.GT, None), "ge": (Relation.GE, None),
    "lt": (Relation.LT, None), "le": (Relation.LE, None), "~": (Relation.MATCHES, None),
    **{one.value: (one, None) for one in Relation},
}  # fmt: skip
_BRACKETS = re.compile(r'r?"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])+\'|[()]', re.DOTALL)


def parse(text: str) -> Node | None:
    """Return the tree of a filter, None for an empty one (which every packet passes); FilterError else."""
    if not text.strip():
        return None
    if len(text) > MAX_LETTERS:
        raise FilterError(text, MAX_LETTERS, f"longer than {MAX_LETTERS:,} letters", hint="ask for less at once")
    _check_letters(text)
    _check_depth(text)
    try:
        tree: Node = _parser().parse(text)  # type: ignore[assignment]  # the transformer gives nodes
        return tree
    except UnexpectedCharacters as error:
        at = error.pos_in_stream or 0
        hint = _HINTS.get(text[at], ASK_TSHARK)
        raise FilterError(text, at, f"{text[at]!r} is not understood", hint=hint) from None
    except UnexpectedToken as error:
        raise _unexpected(text, error) from None
    except BadSpan as error:
        raise FilterError(text, error.at, str(error), hint=ASK_TSHARK) from None


def _unexpected(text: str, error: UnexpectedToken) -> FilterError:
    names = dict.fromkeys(_NAMES[one] for one in sorted(error.expected) if one in _NAMES)
    wanted = f"expected {' or '.join(names)}" if names else "expected the end"
    if error.token.type == "$END":
        return FilterError(text, len(text), f"{wanted}, found the end", hint="finish the filter")
    at = error.token.start_pos or 0
    return FilterError(text, at, f"{wanted}, found `{error.token}`", hint=f"leave it out or quote it; {ASK_TSHARK}")


def _check_letters(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:  # bytes of a command line that are no text
        raise FilterError(text, error.start, "a byte that is no letter", hint="leave it out") from None


def _check_depth(text: str) -> None:
    depth = 0
    for found in _BRACKETS.finditer(text):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if depth > MAX_DEPTH:
            raise FilterError(text, found.start(), f"more than {MAX_DEPTH} open brackets", hint="leave some out")


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", transformer=_Builder())


@v_args(inline=True)
class _Builder(Transformer[Token, Node]):
    """Builds the tree while lark reads, so that no depth of nesting costs Python's stack."""

    def start(self, node: Node) -> Node:
        return node

    def disjunction(self, *parts: Any) -> Node:
        return Many(word="or", parts=parts[::2])

    def exclusive(self, *parts: Any) -> Node:
        return Many(word="xor", parts=parts[::2])

    def conjunction(self, *parts: Any) -> Node:
        return Many(word="and", parts=parts[::2])

    def negated(self, _: Token, inner: Node) -> Node:
        return inner.inner if isinstance(inner, Not) else Not(inner=inner)

    def exists(self, operand: Operand) -> Node:
        return Exists(operand=operand)

    def compare(self, quantifier: Quantifier, left: Operand, sign: Token, right: Operand) -> Node:
        relation, own = _RELATIONS[sign]
        # `!==` says itself that any occurrence will do; a word before it says it for all other signs.
        return Compare(
            at=_at(sign), relation=relation, quantifier=own or quantifier, left=left, right=right
        )  # fmt: skip

    def plain_compare(self, left: Operand, sign: Token, right: Operand) -> Node:
        relation, own = _RELATIONS[sign]
        return Compare(at=_at(sign), relation=relation, quantifier=own, left=left, right=right)

    def within(self, quantifier: Quantifier, operand: Operand, negated: bool, *members: Member) -> Node:
        return Within(at=operand.at, quantifier=quantifier, operand=operand, members=members, negated=negated)

    def plain_within(self, operand: Operand, negated: bool, *members: Member) -> Node:
        return Within(at=operand.at, quantifier=None, operand=operand, members=members, negated=negated)

    def quantifier(self, word: Token) -> Quantifier:
        return Quantifier(str(word))

    def membership(self, *words: Token) -> bool:
        return len(words) == 2

    def member(self, low: Operand, high: Operand | None = None) -> Member:
        return Member(low=low, high=high)

    def masked(self, inner: Operand, _: Token, bits: Operand) -> Operand:
        return Masked(at=inner.at, inner=inner, bits=bits)

    def reckoned(self, left: Operand, sign: Token, right: Operand) -> Operand:
        return Reckoned(at=left.at, sign=str(sign), left=left, right=right)

    def negative(self, sign: Token, inner: Operand) -> Operand:
        return _negative(_at(sign), inner)

    def positive(self, _: Token, inner: Operand) -> Operand:
        return inner

    def word(self, name: Token, layers: Token | None = None) -> Operand:
        text, at = str(name), _at(name)
        chosen = () if layers is None else spans(layers[1:], _at(layers), first=1)
        if text[0] in "+-" and text[1:2].isalpha():  # a field's sign; that of a value belongs to it
            word = Word(at=at + 1, text=text[1:], layers=chosen)
            return _negative(at, word) if text[0] == "-" else word
        return Word(at=at, text=text, layers=chosen)

    def part(self, inner: Operand, part: Token) -> Operand:
        return Part(at=_at(part), inner=inner, spans=spans(part, _at(part)))

    def call(self, name: Token, *inner: Operand) -> Operand:
        return Call(at=_at(name), name=str(name), inner=inner)

    def quoted(self, token: Token) -> Operand:
        return Quoted(at=_at(token), text=unquoted(str(token)), letter=token.type == "CHARACTER")


def _negative(at: int, inner: Operand) -> Operand:
    return Reckoned(at=at, sign="-", left=Word(at=at, text="0"), right=inner)


def _at(token: Token) -> int:
    return token.start_pos or 0
