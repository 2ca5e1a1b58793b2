import Shell
import SwiftUI

/// What the officer is asked after the reveal: a second look, then a decision, then its reasons. Nothing is pre-set.
struct DecidePanel: View {
    let state: RevealedState
    let words: Words
    let send: @MainActor (AlertAction) -> Void

    var body: some View {
        VStack(alignment: .leading, spacing: Size.gap) {
            switch state.step {
            case .judgeAgain:
                question("second_question")
                HStack(spacing: Size.gap) {
                    ForEach(Judgement.allCases, id: \.self) { judgement in
                        BigButton(text: words.name("judgement_short", judgement), enabled: !state.waiting) {
                            send(.judgePressed(judgement))
                        }
                    }
                }
            case .decide:
                question("decision_question")
                HStack(spacing: Size.gap) { buttons([.engage, .doNotEngage]) }
                HStack(spacing: Size.gap) { buttons([.passTo, .observeOnly]) }
            case .giveReasons(let kind, let reasons): record(kind, enabled: !reasons.isEmpty)
            case .giveNote(let note):
                question("note_title")
                TextField(
                    words.text("note_help"),
                    text: Binding(get: { note }, set: { @MainActor text in send(.noteChanged(text)) }),
                    axis: .vertical
                )
                .font(Type.body).padding(Size.gap).border(Ink.ink)
                record(.engage, enabled: !note.isEmpty)
            }
        }
    }

    private func question(_ key: String) -> some View {
        Text(verbatim: words.text(state.waiting ? "recording" : key)).font(Type.title).foregroundStyle(Ink.ink)
            .accessibilityAddTraits(.isHeader)
    }

    private func buttons(_ kinds: [DecisionKind]) -> some View {
        ForEach(kinds, id: \.self) { kind in
            BigButton(text: words.name("decision", kind), enabled: !state.waiting) { send(.decisionPressed(kind)) }
        }
    }

    private func record(_ kind: DecisionKind, enabled: Bool) -> some View {
        HStack(spacing: Size.gap) {
            BigButton(text: words.text("back"), look: .aside, enabled: !state.waiting) { send(.backPressed) }
            BigButton(
                text: words.text("record", words.name("decision", kind)), enabled: enabled && !state.waiting
            ) { send(.recordPressed) }
        }
    }
}

/// Why not: one or more, none ticked beforehand.
struct ReasonList: View {
    let kind: DecisionKind
    let reasons: Set<NoEngagementReason>
    let waiting: Bool
    let words: Words
    let send: @MainActor (AlertAction) -> Void

    var body: some View {
        VStack(alignment: .leading, spacing: Size.gap) {
            Text(verbatim: words.text("reasons_title", words.name("decision", kind))).font(Type.title)
            Text(verbatim: words.text("reasons_help")).font(Type.body)
            ForEach(NoEngagementReason.allCases, id: \.self) { reason in
                let ticked = reasons.contains(reason)
                BigButton(
                    text: words.name("reason", reason), sign: ticked ? "\u{2611}" : "\u{2610}", look: .aside,
                    enabled: !waiting
                ) { send(.reasonPressed(reason)) }
                .accessibilityAddTraits(ticked ? .isSelected : [])
            }
        }
        .foregroundStyle(Ink.ink)
        .padding(Size.edge)
    }
}
