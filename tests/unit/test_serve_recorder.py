"""The log aside the request path: nothing lost that there is room for, and what is lost is counted."""

import asyncio
from datetime import UTC, datetime

import pytest

from comporta.errors import StorageFull
from comporta.records import Feedback
from comporta.records.observed_rows import InputLayout, ObservedRows, encode_block, encode_layout
from comporta.serve.recorder import NotRecorded, Recorder
from comporta.testing.serving import MemorySink

LAYOUT = encode_layout(InputLayout(()))


def block(number: int) -> bytes:
    return encode_block(ObservedRows("m", 1, [f"{number:032x}"], 0, {}, LAYOUT))


COST = 400 + len(block(0))


def put(recorder: Recorder, number: int) -> asyncio.Future[None] | None:
    return recorder.put("m", [(1, 1)], [block(number)])


async def until(true, seconds: float = 3.0) -> None:
    end = asyncio.get_running_loop().time() + seconds
    while not true():
        assert asyncio.get_running_loop().time() < end, "it did not come to pass in time"
        await asyncio.sleep(0.005)


def quiet(**settings):
    said: list[str] = []
    sink = MemorySink()
    return Recorder(sink, say=said.append, **{"every": 0.02, **settings}), sink, said


def test_what_is_put_is_written_in_order_within_its_time() -> None:
    async def turn() -> None:
        recorder, sink, _ = quiet()
        recorder.start()
        for number in range(500):
            assert put(recorder, number) is None
        await until(lambda: recorder.counts.written == 500)
        assert [each.id for each in sink.observations] == [f"{number:032x}" for number in range(500)]
        assert recorder.waiting == 0
        await recorder.close()

    asyncio.run(turn())


def test_a_full_queue_drops_the_newest_and_counts_them() -> None:
    async def turn() -> None:
        recorder, sink, _ = quiet(every=30, room=10 * COST)
        recorder.start()
        for number in range(25):
            put(recorder, number)
        assert recorder.counts.lost == 15
        await recorder.close()
        assert len(sink.observations) == 10

    asyncio.run(turn())


def test_a_sink_that_fails_is_tried_again_and_nothing_is_lost_or_doubled() -> None:
    async def turn() -> None:
        recorder, sink, said = quiet()
        sink.fault = StorageFull("no space left.")
        recorder.start()
        for number in range(20):
            put(recorder, number)
        await until(lambda: recorder.counts.failures >= 2)
        assert recorder.waiting == 20
        for number in range(20, 40):
            put(recorder, number)
        sink.fault = None
        await until(lambda: recorder.counts.written == 40)
        assert [each.id for each in sink.observations] == [f"{number:032x}" for number in range(40)]
        assert recorder.counts.lost == 0
        assert len(said) == 1
        await recorder.close()

    asyncio.run(turn())


def test_what_cannot_be_written_fills_the_room_and_then_is_counted_as_lost() -> None:
    async def turn() -> None:
        recorder, sink, said = quiet(room=10 * COST)
        sink.fault = OSError("gone")
        recorder.start()
        for number in range(8):
            put(recorder, number)
        await until(lambda: recorder.counts.failures >= 1)
        for number in range(8):
            put(recorder, number)
        assert recorder.counts.lost == 6
        await recorder.close(patience=0.1)
        assert recorder.counts.lost == 16
        assert "10 answers could not be written" in said[-1]

    asyncio.run(turn())


def test_durable_answers_wait_until_they_are_written_and_share_a_write() -> None:
    async def turn() -> None:
        recorder, sink, _ = quiet(every=30, durable=True)
        recorder.start()
        waiting = [put(recorder, number) for number in range(50)]
        await asyncio.wait_for(asyncio.gather(*waiting), 3)
        assert len(sink.observations) == 50
        await recorder.close()

    asyncio.run(turn())


def test_a_durable_answer_that_cannot_be_written_is_refused_and_forgotten() -> None:
    async def turn() -> None:
        recorder, sink, _ = quiet(durable=True)
        sink.fault = StorageFull("no space left.")
        recorder.start()
        with pytest.raises(NotRecorded):
            await put(recorder, 1)
        sink.fault = None
        await put(recorder, 2)
        assert [each.id for each in sink.observations] == [f"{2:032x}"]
        await recorder.close()

    asyncio.run(turn())


def test_feedback_is_acknowledged_only_once_written() -> None:
    async def turn() -> None:
        recorder, sink, _ = quiet(every=30)
        recorder.start()
        told = Feedback(id="0" * 32, label=1, arrived=datetime.now(UTC))
        await recorder.put_feedback([told], 100)
        assert sink.told == [told]
        sink.fault = StorageFull("no space left.")
        with pytest.raises(NotRecorded):
            await recorder.put_feedback([told], 100)
        sink.fault = None
        await recorder.close()
        assert sink.told == [told]

    asyncio.run(turn())


def test_a_label_that_cannot_be_written_keeps_no_other_out() -> None:
    class Picky(MemorySink):
        def feedback(self, told) -> None:
            if any(each.label == "poison" for each in told):
                raise TypeError("no such label")
            super().feedback(told)

    async def turn() -> None:
        recorder, _, _ = quiet(every=30)
        recorder.sink = sink = Picky()
        labels = [Feedback(id=f"{n:032x}", label=each, arrived=datetime.now(UTC)) for n, each in
                  enumerate(("good", "poison", "fine"))]  # fmt: skip
        recorder._loop = asyncio.get_running_loop()
        waiting = [recorder.put_feedback([each], 100) for each in labels]  # one batch
        recorder.start()
        done = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(each) for each in done] == [type(None), NotRecorded, type(None)]
        assert sink.told == [labels[0], labels[2]]
        await recorder.close()

    asyncio.run(turn())


def test_closing_writes_all_that_waits() -> None:
    async def turn() -> None:
        recorder, sink, _ = quiet(every=30)
        recorder.start()
        for number in range(100):
            put(recorder, number)
        await recorder.close()
        assert len(sink.observations) == 100
        assert recorder.counts.lost == 0

    asyncio.run(turn())


def put_of(recorder: Recorder, model: str, number: int, version: int = 1) -> None:
    recorder.put(model, [(version, 1)], [block(number)])


def test_a_model_that_cannot_be_written_keeps_no_other_waiting() -> None:
    class Half(MemorySink):
        broken = True

        def write(self, model, observations):
            if model == "broken" and self.broken:
                raise OSError("gone")
            super().write(model, observations)

    async def turn() -> None:
        sink = Half()
        recorder = Recorder(sink, every=0.02, say=lambda line: None)
        recorder.start()
        for number in range(5):
            put_of(recorder, "broken", number, version=2)
            put_of(recorder, "sound", 10 + number)
        await until(lambda: recorder.counts.written == 5)
        assert recorder.waiting == 5
        assert [each.id for each in sink.observations] == [f"{number:032x}" for number in range(10, 15)]
        sink.broken = False
        await until(lambda: recorder.counts.written == 10)
        await recorder.close()
        counts = recorder.tally.counts()
        assert [(key, each.answered, each.written, each.lost) for key, each in sorted(counts.items())] == [
            (("broken", 2), 5, 5, 0),
            (("sound", 1), 5, 5, 0),
        ]

    asyncio.run(turn())


def test_an_answer_that_cannot_be_put_into_a_block_is_lost_alone_and_counted() -> None:
    senseless = UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed")

    async def turn() -> None:
        recorder, sink, said = quiet()
        recorder.start()
        recorder.put("m", [(1, 2), (2, 1)], senseless)
        put(recorder, 7)
        await until(lambda: recorder.counts.written == 1)
        assert recorder.counts.lost == 3 and recorder.waiting == 0
        assert "UnicodeEncodeError" in said[0]
        put(recorder, 8)
        await until(lambda: recorder.counts.written == 2)
        await recorder.close()
        counts = recorder.tally.counts()
        assert (counts["m", 1].lost, counts["m", 2].lost) == (2, 1)
        assert len(sink.observations) == 2

    asyncio.run(turn())


def test_rows_lost_are_counted_by_the_version_that_answered() -> None:
    async def turn() -> None:
        recorder, sink, _ = quiet(room=10 * COST)
        sink.fault = OSError("gone")
        recorder.start()
        for number in range(16):
            put_of(recorder, "m", number, version=1 + number % 2)
        await until(lambda: recorder.counts.failures >= 1)
        await recorder.close(patience=0.1)
        counts = recorder.tally.counts()
        assert recorder.counts.lost == counts["m", 1].lost + counts["m", 2].lost == 16
        assert counts["m", 1] == counts["m", 2]

    asyncio.run(turn())
