"""What the tests of labs and their studies share: a reporter, and what is asked of every result."""

import pickle
import signal
from contextlib import suppress


class Log:
    """Remembers what it is told. It may press Ctrl-C, after the metrics of an epoch or at a call of progress; and
    answer when it is asked, with ``answers`` one after the other."""

    def __init__(self, answers=(), *, interrupt_after=None, interrupt_at=None):
        self.records, self.steps, self.lines, self.replies, self.prompts = [], [], [], [], []
        self.answers = list(answers)
        self.interrupt_after, self.interrupt_at = interrupt_after, interrupt_at

    def say(self, text):
        self.lines.append(text)

    def metrics(self, record, line=None):
        self.records.append(dict(record))
        if line is not None:
            self.lines.append(line)
        if self.interrupt_after is not None and record["epoch"] == self.interrupt_after:
            signal.raise_signal(signal.SIGINT)

    def progress(self, done, total, text=""):
        self.steps.append((done, total, text))
        if len(self.steps) == self.interrupt_at:
            raise KeyboardInterrupt

    def ask(self, prompt):
        self.prompts.append(prompt)
        return self.answers.pop(0) if self.answers else None

    def answer(self, text):
        self.replies.append(text)


def drawn_here_alone(result):
    """The pictures that no other process can draw."""
    sent = set()
    for picture in result.pictures:
        with suppress(pickle.PicklingError, AttributeError):
            pickle.loads(pickle.dumps(picture.draw))
            sent.add(picture.name)
    return [picture.name for picture in result.pictures if picture.name not in sent]
