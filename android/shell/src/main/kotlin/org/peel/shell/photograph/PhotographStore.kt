package org.peel.shell.photograph

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.launch
import org.peel.shell.CoreResult
import org.peel.shell.Problem
import org.peel.shell.alert.AlertId
import org.peel.shell.alert.FaceCheck

/** The camera's screen, whole. It never holds a picture. */
sealed interface PhotographState {
    /** The officer aims; nothing is said before the first frame was looked at. */
    data class Aiming(val preview: Preview? = null, val problem: Problem? = null) : PhotographState

    /** The core holds a photograph; the officer may have it compared, or take another. */
    data class Taken(val problem: Problem? = null) : PhotographState

    data object Comparing : PhotographState

    data class Compared(val check: FaceCheck) : PhotographState

    /** The officer went away, or the person declined. Nothing brings it back. */
    data object Left : PhotographState
}

/**
 * One visit to the camera, for one alert's stop. Frames come on the camera's own thread; all else from one thread, as
 * Android's main dispatcher is. [reason] is what the officer stated where the documents already suffice.
 */
class PhotographStore(
    private val core: PhotographCore,
    private val id: AlertId,
    private val reason: String?,
    private val scope: CoroutineScope
) {
    private val current = MutableStateFlow<PhotographState>(PhotographState.Aiming())

    /** What the screen draws. */
    val state: StateFlow<PhotographState> = current.asStateFlow()

    /** Looks at a frame while the officer aims, and at no other time; a frame that the core dropped changes nothing. */
    fun look(frame: CameraFrame) {
        if (current.value !is PhotographState.Aiming) return
        val seen = when (val result = core.preview(id, frame, reason)) {
            is CoreResult.Done -> PhotographState.Aiming(result.value ?: return)
            is CoreResult.Failed -> PhotographState.Aiming(problem = result.problem)
        }
        // What was left or taken meanwhile stays so.
        var before = current.value
        while (before is PhotographState.Aiming && !current.compareAndSet(before, seen)) before = current.value
    }

    /** The shutter. The core takes the bytes over; this array is wiped. */
    fun take(photograph: ByteArray) {
        if (current.value == PhotographState.Left) return photograph.fill(0)
        val result = core.hold(id, photograph, reason)
        photograph.fill(0)
        current.value = when (result) {
            is CoreResult.Done -> PhotographState.Taken()
            is CoreResult.Failed -> PhotographState.Aiming(problem = result.problem)
        }
    }

    /** Lets go of what was taken and aims again. */
    fun again() {
        if (current.value == PhotographState.Left) return
        core.drop()
        current.value = PhotographState.Aiming()
    }

    fun compare() {
        if (current.value !is PhotographState.Taken) return
        current.value = PhotographState.Comparing
        scope.launch {
            val result = core.compareHeld(id, reason)
            if (current.value != PhotographState.Comparing) return@launch
            current.value = when (result) {
                is CoreResult.Done -> PhotographState.Compared(result.value)
                is CoreResult.Failed -> PhotographState.Aiming(problem = result.problem)
            }
        }
    }

    /** Whatever takes the officer off the screen, declining included (S19, S20). */
    fun leave() {
        current.value = PhotographState.Left
        core.drop()
    }
}
