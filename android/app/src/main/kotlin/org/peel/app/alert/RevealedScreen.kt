package org.peel.app.alert

import androidx.compose.foundation.ExperimentalFoundationApi
import androidx.compose.foundation.background
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.height
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.relocation.BringIntoViewRequester
import androidx.compose.foundation.relocation.bringIntoViewRequester
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.shape.RoundedCornerShape
import androidx.compose.foundation.verticalScroll
import androidx.compose.material.icons.Icons
import androidx.compose.material.icons.filled.Warning
import androidx.compose.material3.Divider
import androidx.compose.material3.Icon
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.remember
import androidx.compose.runtime.rememberCoroutineScope
import androidx.compose.runtime.withFrameNanos
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.layout.onSizeChanged
import androidx.compose.ui.unit.dp
import java.time.Duration
import java.time.Instant
import kotlinx.coroutines.launch
import org.peel.app.theme.Ink
import org.peel.app.theme.Size
import org.peel.app.theme.Strip
import org.peel.app.theme.Type
import org.peel.app.words.LocalWords
import org.peel.app.words.Said
import org.peel.app.words.Words
import org.peel.app.words.phrase
import org.peel.shell.alert.AlertAction
import org.peel.shell.alert.AlertState
import org.peel.shell.alert.FaceCheck
import org.peel.shell.alert.Grade
import org.peel.shell.alert.KnownErrors
import org.peel.shell.alert.RevealedFacts
import org.peel.shell.alert.Step
import org.peel.shell.alert.WarningMarker

/** All that the core has released. Warnings on top and what to do at the bottom stay; the rest scrolls between. */
@Composable
fun RevealedScreen(state: AlertState.Revealed, onAction: (AlertAction) -> Unit) {
    Column(Modifier.fillMaxSize().background(Ink.paper)) {
        Header(state.alert)
        Warnings(state.facts.warningMarkers)
        val step = state.step
        if (step is Step.GiveReasons) {
            Reasons(step, state.waiting, onAction, Modifier.weight(1f))
        } else {
            // While the faces are to be judged they stay; later they may scroll.
            val judging = step == Step.JudgeAgain
            if (judging) FacesAndReason(state, onAction)
            Column(Modifier.weight(1f).verticalScroll(rememberScrollState())) {
                if (!judging) FacesAndReason(state, onAction)
                Facts(state, onAction)
            }
        }
        CanBeWrong(state.facts.knownErrors)
        ProblemStrip(state.problem)
        when (step) {
            Step.JudgeAgain -> JudgeAgain(state.waiting, onAction)
            Step.Decide -> Decide(state.waiting, onAction)
            is Step.GiveReasons -> RecordReasons(step, state.waiting, onAction)
            is Step.GiveNote -> GiveNote(step, state.waiting, onAction)
        }
    }
}

/** Pinned from the reveal on. That there are none is said too. */
@Composable
fun Warnings(markers: List<WarningMarker>) {
    val words = LocalWords.current
    if (markers.isEmpty()) {
        Strip(Ink.wash) { Text(words.text(Said.NO_WARNINGS), style = Type.label) }
        return
    }
    Strip(Ink.amber) {
        Row(verticalAlignment = Alignment.CenterVertically, horizontalArrangement = Arrangement.spacedBy(Size.gap)) {
            Icon(Icons.Filled.Warning, contentDescription = words.text(Said.WARNINGS), tint = Ink.ink)
            Text(markers.joinToString(" · ") { words.text(it.phrase()) }, style = Type.title, color = Ink.ink)
        }
    }
}

@Composable
private fun FacesAndReason(state: AlertState.Revealed, onAction: (AlertAction) -> Unit) {
    val words = LocalWords.current
    val facts = state.facts
    Row(
        horizontalArrangement = Arrangement.spacedBy(Size.edge),
        modifier = Modifier.padding(horizontal = Size.edge, vertical = Size.gap)
    ) {
        FacePair(
            state.viewing,
            onZoom = { onAction(AlertAction.ZoomPressed) },
            onNextProbe = { onAction(AlertAction.NextProbePressed) },
            modifier = Modifier.weight(1.3f).height(132.dp)
        )
        Column(Modifier.weight(1f), verticalArrangement = Arrangement.spacedBy(3.dp)) {
            GradeTag(facts.grade)
            Text(facts.categories.joinToString("\n") { words.text(it.phrase()) }, style = Type.title)
            Text(facts.reason, style = Type.body)
        }
    }
}

@OptIn(ExperimentalFoundationApi::class)
@Composable
private fun Facts(state: AlertState.Revealed, onAction: (AlertAction) -> Unit) {
    val words = LocalWords.current
    val facts = state.facts
    Column(
        verticalArrangement = Arrangement.spacedBy(3.dp),
        modifier = Modifier.padding(horizontal = Size.edge)
    ) {
        for (flag in facts.flags) Text(words.text(flag.phrase()), style = Type.title)
        facts.displayName?.let { Text(words.text(Said.NAMED, it), style = Type.body) }
        Text(words.checked(facts, state.alert.now), style = Type.body)
        Text(words.referenceAge(facts), style = Type.body)
        facts.operatorJudgement?.let { judged ->
            Text(words.text(Said.OPERATOR_SAYS, words.text(judged.phrase()).lowercase()), style = Type.body)
        }
    }
    ScorePlaceView(facts.score, Modifier.padding(horizontal = Size.edge, vertical = Size.gap))
    val check = remember { BringIntoViewRequester() }
    val scope = rememberCoroutineScope()
    Column(
        verticalArrangement = Arrangement.spacedBy(6.dp),
        modifier = Modifier
            .fillMaxWidth()
            .bringIntoViewRequester(check)
            .onSizeChanged { if (state.check != FaceCheck.NotAsked) scope.launch { check.showWhole() } }
            .padding(start = Size.edge, end = Size.edge, bottom = Size.edge)
    ) { FaceCheckView(state.check, onStart = { onAction(AlertAction.CheckPressed) }) }
}

/** What the officer asked for must not appear out of sight. The frame in between lets everything find its place. */
@OptIn(ExperimentalFoundationApi::class)
private suspend fun BringIntoViewRequester.showWhole() {
    withFrameNanos { }
    bringIntoView()
}

@Composable
private fun GradeTag(grade: Grade) {
    val (ground, ink) = when (grade) {
        Grade.RED -> Ink.red to Ink.paper
        Grade.AMBER -> Ink.amber to Ink.ink
        Grade.GREEN -> Ink.green to Ink.paper
    }
    Text(
        LocalWords.current.text(grade.phrase()),
        style = Type.title,
        color = ink,
        modifier = Modifier.background(ground, RoundedCornerShape(6.dp)).padding(horizontal = 10.dp, vertical = 3.dp)
    )
}

/** Always there, with its numbers, right above what the officer is asked (S09). */
@Composable
private fun CanBeWrong(errors: KnownErrors) {
    val words = LocalWords.current
    val numbers = words.text(Said.KNOWN_ERRORS, errors.falseAlerts, errors.alerts, errors.facesSeen)
    Divider(thickness = 3.dp, color = Ink.ink)
    Strip(Ink.wash) {
        Column {
            Text(words.text(Said.CAN_BE_WRONG), style = Type.title)
            Text(numbers, style = Type.label)
        }
    }
}

private fun Words.checked(facts: RevealedFacts, now: Instant): String {
    val at = facts.entryLastVerifiedAt ?: return text(Said.CHECKED_NEVER)
    val age = ago(Duration.between(at, now))
    return text(if (facts.entryMayBeOutOfDate) Said.CHECKED_LONG_AGO else Said.CHECKED, age)
}

private fun Words.referenceAge(facts: RevealedFacts): String {
    val source = text(facts.referenceSource.phrase())
    val years = facts.referenceAgeYears ?: return text(Said.REFERENCE_AGE_UNKNOWN, source)
    return text(Said.REFERENCE_AGE, count(Said.YEARS, years.toLong()), source)
}

private fun Words.ago(age: Duration): String = when {
    age.toHours() < 1 -> count(Said.MINUTES_AGO, age.toMinutes().coerceAtLeast(0))
    age.toDays() < 2 -> count(Said.HOURS_AGO, age.toHours())
    else -> count(Said.DAYS_AGO, age.toDays())
}
