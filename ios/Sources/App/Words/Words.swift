import Foundation
import Shell

/// Everything that is said on a screen. The wording is in `Localizable.strings`; here are only its keys.
public struct Words: Sendable {
    private let lookUp: @Sendable (String) -> String?

    /// The wording of the phone's language.
    public static let ofThisPhone = Words { key in
        let text = Bundle.app.localizedString(forKey: key, value: nil, table: nil)
        return text == key ? nil : text
    }

    public init(_ lookUp: @escaping @Sendable (String) -> String?) {
        self.lookUp = lookUp
    }

    /// The text for a key, with `%1$@`, `%2$@`, ... filled in. A key without wording shows itself, so that a missing
    /// text is seen and nothing breaks.
    public func text(_ key: String, _ arguments: String...) -> String {
        var text = lookUp(key) ?? key
        for (index, argument) in arguments.enumerated() {
            text = text.replacingOccurrences(of: "%\(index + 1)$@", with: argument)
        }
        return text
    }

    /// A number with its noun.
    public func count(_ key: String, _ quantity: Int) -> String {
        text("\(key)_\(quantity == 1 ? "one" : "other")", number(quantity))
    }

    /// The name of one of the domain's words: its list's prefix and its own name.
    public func name<Word: RawRepresentable<String>>(_ prefix: String, _ word: Word) -> String {
        text(Self.key(prefix, word))
    }

    static func key<Word: RawRepresentable<String>>(_ prefix: String, _ word: Word) -> String {
        "\(prefix)_\(word.rawValue.inSnakeCase)"
    }

    /// A whole number, grouped as the phone's language does it.
    public func number(_ value: some BinaryInteger) -> String {
        value.formatted()
    }

    /// 640 is "0.64", 712 is "0.712": exact, so that a score never looks as if it were on the threshold.
    public static func thousandths(_ value: Int) -> String {
        let digits = String(1000 + abs(value) % 1000).dropFirst()
        let shown = digits.hasSuffix("0") ? digits.dropLast() : digits
        return "\(value / 1000).\(shown)"
    }
}

extension Words {
    /// When the entry was last checked to be current.
    func checked(_ facts: RevealedFacts, now: Date) -> String {
        guard let at = facts.entryLastVerifiedAt else { return text("checked_never") }
        return text(facts.entryMayBeOutOfDate ? "checked_long_ago" : "checked", ago(now.timeIntervalSince(at)))
    }

    /// How old the reference image is, and where it comes from.
    func referenceAge(_ facts: RevealedFacts) -> String {
        let source = name("source", facts.referenceSource)
        guard let years = facts.referenceAgeYears else { return text("reference_age_unknown", source) }
        return text("reference_age", count("years", years), source)
    }

    private func ago(_ seconds: TimeInterval) -> String {
        let minutes = max(0, Int(seconds / 60))
        switch minutes {
        case ..<60: return count("minutes_ago", minutes)
        case ..<(48 * 60): return count("hours_ago", minutes / 60)
        default: return count("days_ago", minutes / (24 * 60))
        }
    }
}
