import Foundation
import Shell
import Testing

@testable import App

@Suite struct WordsTests {
    /// Every key that a screen can ask for.
    private var everyKey: [String] {
        let fixed = [
            "exercise", "urgent", "seconds", "since_capture", "probe", "probe_of", "probe_coming", "reference",
            "reference_coming", "zoom_in", "zoom_out", "where_to_look", "look_ears", "look_hairline", "look_nose",
            "look_marks", "blind_question", "cannot_judge_now", "skip_title", "warnings", "no_warnings",
            "operator_says", "reference_age", "reference_age_unknown", "checked", "checked_never", "checked_long_ago",
            "named", "score", "score_limit", "score_meaning", "can_be_wrong", "known_errors", "check_title",
            "check_start", "check_running", "check_rates_none", "check_not_possible", "photograph_good",
            "second_question",
            "decision_question", "reasons_title", "reasons_help", "note_title", "note_help", "record", "back",
            "recording", "recorded", "expired", "withdrawn", "closed", "dismiss", "not_recorded",
        ]
        let counted = ["years", "minutes_ago", "hours_ago", "days_ago"].flatMap { ["\($0)_one", "\($0)_other"] }
        let answers =
            names("judgement", Judgement.self) + names("judgement_short", Judgement.self)
            + names("skip", SkipReason.self) + names("decision", DecisionKind.self)
        return fixed + counted + answers + names("grade", Grade.self) + names("category", Category.self)
            + names("warning", WarningMarker.self) + names("flag", SubjectFlag.self)
            + names("source", ReferenceSource.self)
            + names("reason", NoEngagementReason.self) + names("band", Band.self) + names("band_advice", Band.self)
            + names("limit", Limit.self) + names("rate", RateCode.self) + names("quality", QualityReason.self)
            + names("advice", QualityReason.self)
            + names("side", FaceSide.self) + names("problem", Problem.Kind.self)
    }

    private func names<Word: RawRepresentable<String> & CaseIterable>(_ prefix: String, _: Word.Type) -> [String] {
        Word.allCases.map { Words.key(prefix, $0) }
    }

    @Test func everythingThatAScreenCanSayHasWords() {
        for key in everyKey { #expect(Words.ofThisPhone.text(key) != key, "\(key)") }
    }

    @Test func thereAreNoWordsThatNoScreenSays() throws {
        #expect(Set(try ownStrings().keys) == Set(everyKey))
    }

    @Test func s07NoWordingIsAVerdictOfTheSystem() throws {
        let never = ["match", "identif", "hit", "positiv", "suspect", "confiden", "percent", "certain", "probab"]
        for (key, text) in try ownStrings() {
            let said = text.lowercased().split { !$0.isLetter }
            for word in never { #expect(!said.contains { $0.hasPrefix(word) }, "\(key)") }
            let places = text.replacingOccurrences(of: #"%\d\$@"#, with: "", options: .regularExpression)
            #expect(!places.contains("%"), "\(key)")
        }
    }

    @Test func bothPhonesSayTheSame() throws {
        guard let root = ProcessInfo.processInfo.environment["PEEL_ROOT"] else {
            print("not run: PEEL_ROOT is not set (the other phone's wording)")
            return
        }
        let path = "\(root)/android/app/src/main/res/values/strings.xml"
        let xml = try String(contentsOfFile: path, encoding: .utf8)
        let theirs = androidStrings(xml)
        let ours = try ownStrings()
        #expect(Set(theirs.keys) == Set(ours.keys))
        for (key, text) in ours { #expect(theirs[key] == text, "\(key)") }
    }

    @Test func argumentsAreFilledInByPlaceAndAMissingTextShowsItsKey() {
        let words = Words { $0 == "greet" ? "%2$@ before %1$@" : nil }
        #expect(words.text("greet", "a", "b") == "b before a")
        #expect(words.text("nothing") == "nothing")
    }

    @Test func scoresAreExact() {
        #expect(Words.thousandths(640) == "0.64")
        #expect(Words.thousandths(712) == "0.712")
        #expect(Words.thousandths(1000) == "1.00")
        #expect(Words.thousandths(5) == "0.005")
    }

    /// The wording file as it is in the repository.
    private func ownStrings() throws -> [String: String] {
        let url = try #require(Bundle.app.url(forResource: "Localizable", withExtension: "strings"))
        let text = try String(contentsOf: url, encoding: .utf8)
        var strings: [String: String] = [:]
        for line in text.split(separator: "\n") where line.hasPrefix("\"") && line.hasSuffix("\";") {
            let parts = line.dropFirst().dropLast(2).components(separatedBy: "\" = \"")
            if parts.count == 2 { strings[parts[0]] = parts[1].replacingOccurrences(of: "\\\"", with: "\"") }
        }
        return strings
    }

    /// Android's form of the same: `name="key">text<` for strings, and quantities below their plural.
    private func androidStrings(_ xml: String) -> [String: String] {
        var strings: [String: String] = [:]
        var plural = ""
        for line in xml.split(separator: "\n") {
            let parts = line.split(separator: "\"", maxSplits: 2).map(String.init)
            guard parts.count == 3, let start = parts[2].firstIndex(of: ">") else { continue }
            let rest = parts[2][parts[2].index(after: start)...]
            let text = rest.prefix { $0 != "<" }
            if line.contains("<plurals ") {
                plural = parts[1]
            } else if line.contains("<string ") {
                strings[parts[1]] = plain(text)
            } else if line.contains("<item ") {
                strings["\(plural)_\(parts[1])"] = plain(text)
            }
        }
        return strings
    }

    private func plain(_ text: Substring) -> String {
        var result = String(text).replacingOccurrences(of: "\\'", with: "'")
        for place in 1...3 {
            for form in ["%\(place)$,d", "%\(place)$d", "%\(place)$s"] {
                result = result.replacingOccurrences(of: form, with: "%\(place)$@")
            }
        }
        return result
    }
}
