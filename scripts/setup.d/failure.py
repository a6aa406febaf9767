"""What ends the set-up: what went wrong, and the way out."""


class Failure(Exception):
    def __init__(self, message, hint):
        super().__init__(message)
        self.hint = hint
