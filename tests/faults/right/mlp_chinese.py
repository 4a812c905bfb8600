"""两层全连接网络：隐藏层用 sigmoid，输出层用 softmax，损失为交叉熵。每一列是一个样本。"""

import numpy as np

SEED = 2
样本数 = 5
输入维 = 4
隐藏维 = 6
类别数 = 3


def 激活(z):
    return 1.0 / (1.0 + np.exp(-z))


def 软最大(z):
    指数 = np.exp(z - np.max(z, axis=0))
    return 指数 / np.sum(指数, axis=0)


class 网络:
    def __init__(self, 随机):
        self.权重1 = 随机.normal(0, 0.7, (隐藏维, 输入维))
        self.偏置1 = 随机.normal(0, 0.3, (隐藏维, 1))
        self.权重2 = 随机.normal(0, 0.7, (类别数, 隐藏维))
        self.偏置2 = 随机.normal(0, 0.3, (类别数, 1))

    def 前向(self, 输入, 标签):
        self.输入, self.标签 = 输入, 标签
        self.隐藏 = 激活(self.权重1 @ 输入 + self.偏置1)
        self.输出 = 软最大(self.权重2 @ self.隐藏 + self.偏置2)
        # 对所有样本取平均
        return -np.sum(标签 * np.log(self.输出)) / 输入.shape[1]

    def 反向(self):
        数目 = self.输入.shape[1]
        # 输出层的误差
        误差2 = (self.输出 - self.标签) / 数目
        self.梯度权重2 = 误差2 @ self.隐藏.T
        self.梯度偏置2 = np.sum(误差2, axis=1, keepdims=True)
        # 传回隐藏层，乘以激活函数的导数
        误差1 = (self.权重2.T @ 误差2) * self.隐藏 * (1 - self.隐藏)
        self.梯度权重1 = 误差1 @ self.输入.T
        self.梯度偏置1 = np.sum(误差1, axis=1, keepdims=True)

    def 更新(self, 学习率):
        self.权重1 -= 学习率 * self.梯度权重1
        self.偏置1 -= 学习率 * self.梯度偏置1
        self.权重2 -= 学习率 * self.梯度权重2
        self.偏置2 -= 学习率 * self.梯度偏置2


if __name__ == "__main__":
    随机 = np.random.default_rng(SEED)
    输入 = 随机.normal(size=(输入维, 样本数))
    标签 = np.eye(类别数)[:, 随机.integers(0, 类别数, 样本数)]
    模型 = 网络(随机)
    for 轮 in range(10):
        损失 = 模型.前向(输入, 标签)
        模型.反向()
        模型.更新(0.5)
        print("第", 轮, "轮，损失", 损失)
