import Shell
import SwiftUI

/// All that the core has released. Warnings on top and what to do at the bottom stay; the rest scrolls between.
struct RevealedScreen: View {
    let state: RevealedState
    let words: Words
    let send: @MainActor (AlertAction) -> Void

    var body: some View {
        VStack(spacing: 0) {
            Header(alert: state.alert, words: words)
            Warnings(markers: state.facts.warningMarkers, words: words)
            ScrollView {
                if case .giveReasons(let kind, let reasons) = state.step {
                    ReasonList(kind: kind, reasons: reasons, waiting: state.waiting, words: words, send: send)
                } else {
                    Facts(state: state, words: words, send: send)
                }
            }
            CanBeWrong(errors: state.facts.knownErrors, words: words)
            ProblemStrip(problem: state.problem, words: words)
            DecidePanel(state: state, words: words, send: send).padding(Size.edge)
        }
        .background(Ink.paper)
    }
}

/// Pinned from the reveal on. That there are none is said too.
struct Warnings: View {
    let markers: [WarningMarker]
    let words: Words

    var body: some View {
        if markers.isEmpty {
            Strip(Ink.wash) { Text(verbatim: words.text("no_warnings")).font(Type.label) }
        } else {
            Strip(Ink.amber) {
                HStack(spacing: Size.gap) {
                    Image(systemName: "exclamationmark.triangle.fill").accessibilityLabel(words.text("warnings"))
                    Text(verbatim: markers.map { words.name("warning", $0) }.joined(separator: " \u{00B7} "))
                        .font(Type.title)
                }
                .foregroundStyle(Ink.ink)
            }
        }
    }
}

private struct Facts: View {
    let state: RevealedState
    let words: Words
    let send: @MainActor (AlertAction) -> Void

    var body: some View {
        VStack(alignment: .leading, spacing: Size.gap) {
            HStack(alignment: .top, spacing: Size.edge) {
                FacePair(viewing: state.viewing, words: words, send: send).frame(height: 140)
                VStack(alignment: .leading, spacing: 3) {
                    GradeTag(grade: state.facts.grade, words: words)
                    ForEach(state.facts.categories, id: \.self) { category in
                        Text(verbatim: words.name("category", category)).font(Type.title)
                    }
                    Text(verbatim: state.facts.reason).font(Type.body)
                }
            }
            entry.padding(.horizontal, Size.edge)
            ScorePlaceView(place: state.facts.score, words: words).padding(.horizontal, Size.edge)
            FaceCheckView(check: state.check, words: words) { send(.checkPressed) }.padding(Size.edge)
        }
        .foregroundStyle(Ink.ink)
    }

    private var entry: some View {
        VStack(alignment: .leading, spacing: 3) {
            ForEach(state.facts.flags, id: \.self) { flag in
                Text(verbatim: words.name("flag", flag)).font(Type.title)
            }
            if let name = state.facts.displayName { Text(verbatim: words.text("named", name)).font(Type.body) }
            Text(verbatim: words.checked(state.facts, now: state.alert.now)).font(Type.body)
            Text(verbatim: words.referenceAge(state.facts)).font(Type.body)
            if let judged = state.facts.operatorJudgement {
                let said = words.name("judgement", judged).lowercased()
                Text(verbatim: words.text("operator_says", said)).font(Type.body)
            }
        }
    }
}

private struct GradeTag: View {
    let grade: Grade
    let words: Words

    var body: some View {
        Text(verbatim: words.name("grade", grade)).font(Type.title)
            .foregroundStyle(grade == .amber ? Ink.ink : Ink.paper)
            .padding(6)
            .background(colour)
            .clipShape(RoundedRectangle(cornerRadius: 6))
    }

    private var colour: Color {
        switch grade {
        case .red: Ink.red
        case .amber: Ink.amber
        case .green: Ink.green
        }
    }
}

/// Always there, with its numbers, right above what the officer is asked (S09).
private struct CanBeWrong: View {
    let errors: KnownErrors
    let words: Words

    var body: some View {
        VStack(spacing: 0) {
            Divider()
            Strip(Ink.wash) {
                VStack(alignment: .leading) {
                    Text(verbatim: words.text("can_be_wrong")).font(Type.title)
                    Text(
                        verbatim: words.text(
                            "known_errors", words.number(errors.falseAlerts), words.number(errors.alerts),
                            words.number(errors.facesSeen))
                    ).font(Type.label)
                }
                .foregroundStyle(Ink.ink)
            }
        }
    }
}
