"""What the stream library would throw away, and what stays."""

from services.insight import durable


async def test_what_waits_in_a_queue_is_still_there_when_flow_is_resumed() -> None:
    application = durable.Application("insight.test", store="memory://", web_enabled=False)
    queue = application.FlowControlQueue(maxsize=10, clear_on_resume=True)
    application.flow_control.resume()
    await queue.put("a record that came between recovery and flow")
    application.flow_control.resume()
    assert queue.qsize() == 1
